DROP TABLE change_feeds;
