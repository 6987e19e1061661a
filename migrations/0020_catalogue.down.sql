DROP TABLE catalog_pictures;
DROP TABLE catalog_favourites;
ALTER TABLE catalog_items DROP CONSTRAINT catalog_items_current_fkey;
DROP TABLE catalog_versions;
DROP TABLE catalog_items;
DROP TABLE catalog_categories;
