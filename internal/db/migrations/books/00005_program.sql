-- +goose Up

create table programs (
	program_id        text collate "C" not null primary key,
	slug              text collate "C" not null unique, -- in addresses and in the cookie's name
	side              text collate "C" not null,        -- 'live', 'test'
	twin_id           text collate "C" not null,        -- the other side
	name              text collate "C" not null,
	site_url          text collate "C" not null,        -- where links lead by default
	link_host         text collate "C" not null,        -- host[:port] of new links
	currency          text collate "C" not null,        -- ISO 4217
	zone              text collate "C" not null,        -- IANA time zone
	mode              text collate "C" not null,        -- 'full', 'consent', 'cookieless'
	via_name          text collate "C" not null,
	window_days       bigint not null,
	hold_days         bigint not null,
	minimum_minor     bigint not null,                  -- of a payout, in currency
	binding           text collate "C" not null,        -- 'keep', 'follow'
	lapse_after_days  bigint not null,                  -- 0: never
	applications      text collate "C" not null,        -- 'review', 'approve', 'closed'
	fallback_url      text collate "C" not null,        -- for unknown and paused links, or ''
	suggest_ppm       bigint not null,                  -- discount of the code suggested on approval
	suggest_plans     text collate "C" not null,        -- JSON list of plan codes; [] is all
	accent            text collate "C" not null,        -- brand colour '#rrggbb', or ''
	policy_version    bigint not null,
	record_version    bigint not null,                  -- of the edge's record
	books_start       bigint not null,                  -- payments before it never earn
	created_at        bigint not null
); -- owner: program, global

-- A host serves the links of one program.
create table hosts (
	host       text collate "C" not null primary key, -- host[:port], lower case
	program_id text collate "C" not null references programs (program_id),
	created_at bigint not null
); -- owner: program, global
-- program.Hosts
create index hosts_program on hosts (program_id);

-- Hosts that links may lead to and that t.js may record landings from.
create table program_sites (
	program_id text collate "C" not null references programs (program_id),
	host       text collate "C" not null,
	created_at bigint not null,
	primary key (program_id, host)
); -- owner: program

create table program_policies (
	program_id       text collate "C" not null references programs (program_id),
	version          bigint not null,
	starts_at        bigint not null,
	credit           text collate "C" not null, -- 'coupon_first', 'link_first', 'coupon_if_involved'
	touch            text collate "C" not null, -- 'last_touch', 'first_touch'
	new_signups_only bigint not null,
	checkout_paths   text collate "C" not null, -- JSON list of path prefixes
	primary key (program_id, version)
); -- owner: program

create table plans (
	program_id  text collate "C" not null references programs (program_id),
	plan_id     text collate "C" not null,
	code        text collate "C" not null,
	name        text collate "C" not null,
	currency    text collate "C" not null,
	price_minor bigint not null,
	period      text collate "C" not null, -- 'month', 'year', 'once'
	created_at  bigint not null,
	archived_at bigint,
	primary key (program_id, plan_id),
	unique (program_id, code)
); -- owner: program

create table groups (
	program_id text collate "C" not null references programs (program_id),
	group_id   text collate "C" not null,
	name       text collate "C" not null,
	utm        text collate "C" not null, -- JSON object of templates
	is_default bigint not null,
	created_at bigint not null,
	primary key (program_id, group_id),
	unique (program_id, name)
); -- owner: program

create table terms (
	program_id text collate "C" not null references programs (program_id),
	terms_id   text collate "C" not null,
	scope_kind text collate "C" not null, -- 'program', 'group', 'affiliate', 'link', 'coupon'
	scope_id   text collate "C" not null,
	version    bigint not null,
	starts_at  bigint not null,
	rules      text collate "C" not null, -- JSON list
	note       text collate "C" not null,
	created_at bigint not null,
	primary key (program_id, terms_id),
	unique (program_id, scope_kind, scope_id, version)
); -- owner: program

create table staff (
	program_id text collate "C" not null references programs (program_id),
	person_id  text collate "C" not null references people (person_id),
	role       text collate "C" not null, -- 'owner', 'admin', 'finance', 'support', 'viewer'
	created_at bigint not null,
	primary key (program_id, person_id)
); -- owner: access
-- access.ProgramsOf
create index staff_person on staff (person_id);

create table api_keys (
	program_id text collate "C" not null references programs (program_id),
	key_id     text collate "C" not null,
	kind       text collate "C" not null, -- 'secret', 'publishable'
	label      text collate "C" not null,
	shown      text collate "C" not null, -- first and last characters, for people
	key_hash   text collate "C" not null,
	scopes     text collate "C" not null, -- JSON list; [] is all of its kind
	created_at bigint not null,
	used_at    bigint,
	expires_at bigint,
	revoked_at bigint,
	primary key (program_id, key_id),
	unique (program_id, key_hash)
); -- owner: access

create table customers (
	program_id    text collate "C" not null references programs (program_id),
	customer_id   text collate "C" not null,
	external_id   text collate "C" not null, -- the merchant's own id; personal
	email         text collate "C" not null, -- personal
	email_normal  text collate "C" not null, -- personal
	plan_code     text collate "C" not null, -- chosen last, or ''
	state         text collate "C" not null,
	state_at      bigint not null,
	signed_up_at   bigint,
	signed_up_plan text collate "C" not null, -- chosen then, or ''
	onboarded_at   bigint,
	onboarded_plan text collate "C" not null, -- chosen then, or ''
	first_paid_at  bigint, -- of the first payment above zero, by its own time
	created_at     bigint not null,
	primary key (program_id, customer_id),
	unique (program_id, external_id)
); -- owner: customer

-- Every address a customer was ever named with: for self-referral and for tying.
create table customer_emails (
	program_id   text collate "C" not null,
	customer_id  text collate "C" not null,
	email_normal text collate "C" not null, -- personal
	recorded_at  bigint not null,
	primary key (program_id, customer_id, email_normal),
	foreign key (program_id, customer_id) references customers (program_id, customer_id)
); -- owner: customer
-- customer.OfEmail
create index customer_emails_email on customer_emails (program_id, email_normal);

create table customer_states (
	program_id  text collate "C" not null,
	customer_id text collate "C" not null,
	at          bigint not null,
	state       text collate "C" not null,
	source      text collate "C" not null, -- 'api', 'payment', 'referral', 'person', provider
	settles     bigint,                    -- of a payment: when the period began that it settles
	recorded_at bigint not null,
	primary key (program_id, customer_id, at, state, source),
	foreign key (program_id, customer_id) references customers (program_id, customer_id)
); -- owner: customer

-- Customers from before the program: keyed hashes of e-mails and ids.
create table customers_before (
	program_id text collate "C" not null references programs (program_id),
	hash       text collate "C" not null,
	created_at bigint not null,
	primary key (program_id, hash)
); -- owner: customer
