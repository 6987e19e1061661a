DROP TABLE drafts;
DROP TABLE attachments;
DROP TABLE notes;
DROP TABLE comments;
