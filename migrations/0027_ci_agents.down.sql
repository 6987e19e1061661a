DROP TABLE ci_drifts, ci_parts, ci_agent_tokens;
