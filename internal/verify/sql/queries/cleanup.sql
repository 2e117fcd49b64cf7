-- Removes what a run left behind: {run}, which began at {start}. Every id of it begins with
-- {prefix}, and no other id does, or its rows go, too: look first.
-- Nothing was removed by printing this. Add the team to each statement where a database has several.

-- 1. Look (ClickHouse).
SELECT count() AS events, uniq(distinct_id) AS ids, min(timestamp), max(timestamp)
FROM events WHERE startsWith(distinct_id, {prefix}) AND inserted_at >= {from};

-- 2. Events (ClickHouse; sharded_events is the table below a distributed events). Each statement waits
-- until it is done, so that the persons are found while their ids are still there.
ALTER TABLE sharded_events DELETE WHERE startsWith(distinct_id, {prefix}) AND inserted_at >= {from}
SETTINGS mutations_sync = 2;

-- 3. Persons whose ids are all of the run (ClickHouse), and then the ids.
ALTER TABLE person DELETE WHERE id IN (
  SELECT person_id FROM person_distinct_id2 GROUP BY person_id
  HAVING countIf(NOT startsWith(distinct_id, {prefix})) = 0)
SETTINGS mutations_sync = 2;
ALTER TABLE person_distinct_id_overrides DELETE WHERE startsWith(distinct_id, {prefix}) SETTINGS mutations_sync = 2;
ALTER TABLE person_distinct_id2 DELETE WHERE startsWith(distinct_id, {prefix}) SETTINGS mutations_sync = 2;

-- 4. The same in PostgreSQL, where persons are kept first, and what refers to them. A person with
-- another id stays. Leave out tables that the database does not have.
BEGIN;
CREATE TEMPORARY TABLE of_the_run ON COMMIT DROP AS
  SELECT person_id FROM posthog_persondistinctid GROUP BY person_id
  HAVING bool_and(starts_with(distinct_id, {prefix}));
DELETE FROM posthog_cohortpeople WHERE person_id IN (SELECT person_id FROM of_the_run);
DELETE FROM posthog_featureflaghashkeyoverride WHERE person_id IN (SELECT person_id FROM of_the_run);
DELETE FROM posthog_persondistinctid WHERE starts_with(distinct_id, {prefix});
DELETE FROM posthog_personlessdistinctid WHERE starts_with(distinct_id, {prefix});
DELETE FROM posthog_person WHERE id IN (SELECT person_id FROM of_the_run);
COMMIT;
