-- The list of requests can be narrowed to an item of the catalogue.
CREATE INDEX service_requests_item_idx ON service_requests (item_id);
