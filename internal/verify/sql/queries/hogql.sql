-- The events that verify looks for, as HogQL holds them. Copy this file, change it, and name it with
-- --query. `rehearse verify --print-query clickhouse` tells in its comments what such a file may say.
SELECT uuid, event, distinct_id, properties, created_at
FROM events
WHERE created_at >= {from}
