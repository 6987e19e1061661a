DROP TABLE routing_trials;
