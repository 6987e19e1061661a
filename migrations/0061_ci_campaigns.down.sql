DROP TABLE ci_campaign_items;
DROP TABLE ci_campaigns;
DROP FUNCTION ci_campaign_items_keep();
DROP FUNCTION ci_campaigns_keep();
