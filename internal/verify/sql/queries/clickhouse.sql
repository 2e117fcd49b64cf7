-- The events that verify looks for, as a ClickHouse table holds them. Copy this file, change it, and
-- name it with --query.
--
-- It is one SELECT without FORMAT and without LIMIT. Its columns are uuid, event, distinct_id,
-- properties (text, or an object) and one time that says when the row was there: inserted_at,
-- _inserted_at, ingested_at, _timestamp, created_at or now. A column that is left out is not compared.
-- verify writes SELECT … FROM (this) around it: counts and sums by the beginning of the uuid first,
-- and rows only where these are not what they should be. The fewer other events the SELECT holds, the
-- fewer rows have to be read: say the team, and the prefix of the distinct_ids if they have one.
--
-- {from} is five minutes before the run began; {prefix} is traffic.distinct_ids.prefix as a string.
SELECT uuid, event, distinct_id, properties, inserted_at
FROM events
WHERE inserted_at >= {from}
