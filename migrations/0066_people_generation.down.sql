DROP TRIGGER people_generation ON people;
DELETE FROM generations WHERE name = 'people';
