-- +goose Up
-- What is written to the books and to the audit log is never touched again.

-- +goose StatementBegin
create trigger ledger_postings_no_update before update on ledger_postings begin select raise(abort, 'ledger_postings is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_postings_no_delete before delete on ledger_postings begin select raise(abort, 'ledger_postings is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_legs_no_update before update on ledger_legs begin select raise(abort, 'ledger_legs is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_legs_no_delete before delete on ledger_legs begin select raise(abort, 'ledger_legs is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_seals_no_update before update on ledger_seals begin select raise(abort, 'ledger_seals is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_seals_no_delete before delete on ledger_seals begin select raise(abort, 'ledger_seals is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_sealed_no_update before update on ledger_sealed begin select raise(abort, 'ledger_sealed is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger ledger_sealed_no_delete before delete on ledger_sealed begin select raise(abort, 'ledger_sealed is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_entries_no_update before update on audit_entries begin select raise(abort, 'audit_entries is append-only'); end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_entries_no_delete before delete on audit_entries begin select raise(abort, 'audit_entries is append-only'); end;
-- +goose StatementEnd
