DROP INDEX service_requests_item_idx;
