-- How many items a place has. Without this the planner took one item in two
-- hundred for any beginning of a place, and sorted the thousands that it found.
CREATE STATISTICS ci_items_location_stats ON (lower(location)) FROM ci_items;
ANALYZE ci_items;
