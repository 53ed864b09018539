-- The server's own deduplication of inserted blocks is off. It notes a block's id before it keeps the block: a server killed in between comes
-- back without the block and drops every repetition of it. Rows replace themselves by identity, so repetitions are harmless without it.
ALTER TABLE tokenstream.rollups_10s MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.rollups_1m MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.rollups_1h MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.rollups_1d MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.marks MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.spend_by_scope_10s MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.spend_marks MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.audit_records MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.command_records MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.budget_state_records MODIFY SETTING non_replicated_deduplication_window = 0;

ALTER TABLE tokenstream.alert_records MODIFY SETTING non_replicated_deduplication_window = 0;
