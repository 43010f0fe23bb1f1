-- +goose Up

create table audit_entries (
	program_id text collate "C" not null, -- '' when it concerns the installation
	entry_id   text collate "C" not null,
	at         bigint not null,
	actor_kind text collate "C" not null,
	actor_id   text collate "C" not null,
	address    text collate "C" not null, -- personal; /24 or /48
	action     text collate "C" not null, -- 'affiliate.approved'
	subject    text collate "C" not null, -- the id it is about
	before     text collate "C" not null, -- JSON or ''
	after      text collate "C" not null, -- JSON or ''
	reason     text collate "C" not null,
	primary key (program_id, entry_id)
); -- owner: audit
-- audit.ForSubject
create index audit_entries_subject on audit_entries (program_id, subject, at);

-- What must reach the bus exists if and only if its fact was committed.
create table outbox_messages (
	program_id text collate "C" not null,
	message_id text collate "C" not null, -- evt_; the bus's message id
	topic      text collate "C" not null, -- 'event', 'directory'
	name       text collate "C" not null, -- event type, or directory key
	subject    text collate "C" not null, -- the id of the object
	number     bigint not null,           -- counts per object, from 1
	version    bigint not null,           -- of the payload's shape
	at         bigint not null,
	actor_kind text collate "C" not null,
	actor_id   text collate "C" not null,
	payload    text collate "C" not null,
	sent_at    bigint,
	primary key (program_id, message_id)
); -- owner: outbox
-- outbox.Pass
create index outbox_messages_unsent on outbox_messages (at, number) where sent_at is null;
-- outbox.Sweep
create index outbox_messages_sent on outbox_messages (sent_at) where sent_at is not null;

create table outbox_numbers (
	program_id text collate "C" not null,
	subject    text collate "C" not null,
	number     bigint not null,
	primary key (program_id, subject)
); -- owner: outbox

create table once_answers (
	program_id   text collate "C" not null,
	key_hash     text collate "C" not null, -- SHA-256 of API key id and Idempotency-Key
	request_hash text collate "C" not null, -- SHA-256 of method, path and body
	status       bigint not null,
	answer       text collate "C" not null, -- sealed with a secret derived from the key
	created_at   bigint not null,
	primary key (program_id, key_hash)
); -- owner: once
-- once.Sweep
create index once_answers_age on once_answers (created_at);

create table settings (
	name       text collate "C" not null primary key,
	value      text collate "C" not null,
	changed_at bigint not null
); -- owner: db, global

create table leases (
	name    text collate "C" not null primary key,
	holder  text collate "C" not null,
	number  bigint not null, -- grows with each new holder; writes compare it
	expires bigint not null
); -- owner: db, global

create table positions (
	consumer text collate "C" not null,
	stream   text collate "C" not null,
	created  bigint not null, -- the stream's creation time
	sequence bigint not null,
	moved_at bigint not null,
	primary key (consumer, stream, created)
); -- owner: bus, global
