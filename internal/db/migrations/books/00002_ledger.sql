-- +goose Up

create table ledger_postings (
	program_id text collate "C" not null,
	posting_id text collate "C" not null,
	reference  text collate "C" not null, -- makes it happen once
	kind       text collate "C" not null, -- 'earned', 'released', 'reversed' …
	at         bigint not null,
	actor_kind text collate "C" not null,
	actor_id   text collate "C" not null,
	reason     text collate "C" not null, -- JSON of a sentence
	primary key (program_id, posting_id),
	unique (program_id, reference)
); -- owner: ledger

create table ledger_legs (
	program_id text collate "C" not null,
	posting_id text collate "C" not null,
	n          bigint not null,
	account    text collate "C" not null, -- 'held', 'payable', 'expense:commission' …
	owner      text collate "C" not null, -- whose account, or whom it concerns
	item       text collate "C" not null, -- com_, pot_ or adj_
	currency   text collate "C" not null,
	minor      bigint not null,           -- credit positive, debit negative
	primary key (program_id, posting_id, n),
	foreign key (program_id, posting_id) references ledger_postings (program_id, posting_id)
); -- owner: ledger
-- ledger.ItemBalances
create index ledger_legs_item on ledger_legs (program_id, item, account);
-- ledger.Legs of one owner's account: payouts, repaying clawback, statements
create index ledger_legs_owner on ledger_legs (program_id, owner, account, currency, posting_id);

-- The lock, the constant-time balance and the check in one. Only accounts that
-- must not be negative; the balance on the account's normal side.
create table ledger_balances (
	program_id text collate "C" not null,
	owner      text collate "C" not null,
	account    text collate "C" not null,
	currency   text collate "C" not null,
	minor      bigint not null check (minor >= 0),
	primary key (program_id, owner, account, currency)
); -- owner: ledger

create table ledger_seals (
	program_id text collate "C" not null,
	number     bigint not null,
	hash       text collate "C" not null, -- SHA-256 of the seal before and these postings
	count      bigint not null,
	at         bigint not null,
	primary key (program_id, number)
); -- owner: ledger

create table ledger_sealed (
	program_id text collate "C" not null,
	posting_id text collate "C" not null,
	number     bigint not null,
	primary key (program_id, posting_id),
	foreign key (program_id, number) references ledger_seals (program_id, number)
); -- owner: ledger
-- verify: the postings of a seal
create index ledger_sealed_number on ledger_sealed (program_id, number, posting_id);

-- Daily totals of every account over all owners, added up by the sealer.
create table ledger_days (
	program_id text collate "C" not null,
	account    text collate "C" not null,
	currency   text collate "C" not null,
	day        bigint not null, -- days since 1970-01-01 UTC
	minor      bigint not null,
	primary key (program_id, account, currency, day)
); -- owner: ledger
