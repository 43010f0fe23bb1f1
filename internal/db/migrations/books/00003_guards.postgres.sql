-- +goose Up
-- What is written to the books and to the audit log is never touched again.

-- +goose StatementBegin
create function append_only() returns trigger language plpgsql as $$
begin
	raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
-- +goose StatementEnd

create trigger ledger_postings_append_only before update or delete or truncate on ledger_postings for each statement execute function append_only();
create trigger ledger_legs_append_only before update or delete or truncate on ledger_legs for each statement execute function append_only();
create trigger ledger_seals_append_only before update or delete or truncate on ledger_seals for each statement execute function append_only();
create trigger ledger_sealed_append_only before update or delete or truncate on ledger_sealed for each statement execute function append_only();
create trigger audit_entries_append_only before update or delete or truncate on audit_entries for each statement execute function append_only();
