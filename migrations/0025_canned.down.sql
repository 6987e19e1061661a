DROP TABLE incident_macros;
DROP TABLE canned_texts;
