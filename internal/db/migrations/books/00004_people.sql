-- +goose Up

create table people (
	person_id    text collate "C" not null primary key,
	name         text collate "C" not null, -- personal
	email        text collate "C" not null, -- personal
	email_normal text collate "C" not null unique, -- personal
	created_at   bigint not null
); -- owner: person, global

create table passwords (
	person_id  text collate "C" not null primary key references people (person_id),
	hash       text collate "C" not null, -- argon2id, PHC string
	changed_at bigint not null
); -- owner: access, global

create table sessions (
	session_hash text collate "C" not null primary key,
	session_id   text collate "C" not null unique,
	person_id    text collate "C" not null references people (person_id),
	created_at   bigint not null,
	seen_at      bigint not null,
	ends_at      bigint not null,
	address      text collate "C" not null, -- personal
	agent        text collate "C" not null, -- personal
	revoked_at   bigint
); -- owner: access, global
-- access.Sessions
create index sessions_person on sessions (person_id, created_at);

-- One-time links: first set-up, sign-in by mail, invitation.
create table entry_links (
	link_hash  text collate "C" not null primary key,
	purpose    text collate "C" not null, -- 'setup', 'sign_in', 'invite'
	person_id  text collate "C" not null, -- '' for set-up
	target     text collate "C" not null, -- path to go to afterwards, or ''
	created_at bigint not null,
	ends_at    bigint not null,
	used_at    bigint
); -- owner: access, global
