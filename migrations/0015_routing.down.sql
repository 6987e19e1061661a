DROP TABLE routing_applications;
DROP TABLE routing_sets;
DROP FUNCTION keep_published_rules();
