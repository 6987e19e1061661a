DROP TABLE incident_major_actions;
DROP TABLE incident_major_reviews;
