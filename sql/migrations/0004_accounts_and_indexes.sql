-- Indexes for the questions that are asked, and words that were wrong.

-- Nobody asked for a series' objects by time.
DROP INDEX crypto_gaf.raw_objects_by_series;
-- The newest faults of any outcome: report ingestion_log.
DROP INDEX crypto_gaf.processed_files_faults;
CREATE INDEX processed_files_faults ON crypto_gaf.processed_files (processed_at DESC) WHERE outcome <> 'loaded';

COMMENT ON TABLE crypto_gaf.processed_files IS 'The ingestion log: what became of each object of the lake when it was last transformed; which ones wait, raw_objects.due says';
COMMENT ON COLUMN crypto_gaf.raw_objects.due IS 'Waits for transform, which says false here in the transaction that writes the row of processed_files. Set to true, the object is transformed again; until then that row tells of the time before';
