-- +goose Up

create table affiliates (
	program_id   text collate "C" not null references programs (program_id),
	affiliate_id text collate "C" not null,
	person_id    text collate "C" not null references people (person_id),
	group_id     text collate "C" not null,
	name         text collate "C" not null, -- as shown to the merchant; personal
	website      text collate "C" not null, -- personal
	pitch        text collate "C" not null, -- what they wrote when applying; personal
	state        text collate "C" not null,
	state_at     bigint not null,
	reason       text collate "C" not null, -- of the state, as the affiliate may read it
	agreed_at    bigint,
	version      bigint not null, -- of the edge's record
	created_at   bigint not null,
	primary key (program_id, affiliate_id),
	unique (program_id, person_id),
	foreign key (program_id, group_id) references groups (program_id, group_id)
); -- owner: affiliate
-- affiliate.List by state
create index affiliates_state on affiliates (program_id, state, affiliate_id);
-- affiliate.OfPerson
create index affiliates_person on affiliates (person_id);

create table affiliate_states (
	program_id   text collate "C" not null,
	affiliate_id text collate "C" not null,
	at           bigint not null,
	state        text collate "C" not null,
	primary key (program_id, affiliate_id, at, state),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: affiliate

create table affiliate_details (
	program_id   text collate "C" not null,
	affiliate_id text collate "C" not null,
	version      bigint not null,
	rail         text collate "C" not null, -- 'manual', 'paypal', 'sepa', …
	details      text collate "C" not null, -- sealed JSON; personal
	shown        text collate "C" not null, -- masked, for people; personal
	created_at   bigint not null,
	confirmed_at bigint,
	primary key (program_id, affiliate_id, version),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: affiliate

create table links (
	program_id   text collate "C" not null references programs (program_id),
	link_id      text collate "C" not null,
	affiliate_id text collate "C" not null,
	host         text collate "C" not null,
	slug         text collate "C" not null, -- canonical: lower case
	destination  text collate "C" not null, -- '' is the program's site
	label        text collate "C" not null,
	coupon_id    text collate "C" not null, -- code that t.js fills in, or ''
	state        text collate "C" not null, -- 'active', 'paused', 'retired'
	is_default   bigint not null,
	version      bigint not null, -- of the edge's record
	created_at   bigint not null,
	primary key (program_id, link_id),
	unique (program_id, host, slug),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: link
-- link.ProgramOf: a token names its link alone
create index links_id on links (link_id);
-- link.OfAffiliate
create index links_affiliate on links (program_id, affiliate_id, link_id);

create table coupons (
	program_id    text collate "C" not null references programs (program_id),
	coupon_id     text collate "C" not null,
	affiliate_id  text collate "C" not null,
	code          text collate "C" not null, -- as it is shown
	canonical     text collate "C" not null,
	percent_ppm   bigint not null,           -- 0 when fixed or none
	fixed         text collate "C" not null, -- JSON object currency → minor units
	plans         text collate "C" not null, -- JSON list of plan codes; [] is all
	payments      bigint not null,           -- how many are discounted; 0 is always
	new_customers bigint not null,
	once_each     bigint not null,
	starts_at     bigint,
	ends_at       bigint,
	total_limit   bigint not null,           -- 0 is none
	used          bigint not null,
	state         text collate "C" not null, -- 'active', 'paused', 'retired'
	created_at    bigint not null,
	primary key (program_id, coupon_id),
	unique (program_id, canonical),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: coupon
-- coupon.OfAffiliate
create index coupons_affiliate on coupons (program_id, affiliate_id, coupon_id);

create table coupon_states (
	program_id text collate "C" not null,
	coupon_id  text collate "C" not null,
	at         bigint not null,
	state      text collate "C" not null,
	primary key (program_id, coupon_id, at, state),
	foreign key (program_id, coupon_id) references coupons (program_id, coupon_id)
); -- owner: coupon

-- A customer has one code per program.
create table coupon_redemptions (
	program_id  text collate "C" not null,
	customer_id text collate "C" not null,
	coupon_id   text collate "C" not null,
	at          bigint not null,
	plan_code   text collate "C" not null,
	over_limit  bigint not null, -- a fact told by a provider, above the limit
	primary key (program_id, customer_id),
	foreign key (program_id, coupon_id) references coupons (program_id, coupon_id)
); -- owner: coupon
-- coupon.Redemptions
create index coupon_redemptions_coupon on coupon_redemptions (program_id, coupon_id, at);

-- Master keys of click tokens; each program's key is derived.
create table click_keys (
	key_id      bigint not null, -- 0 to 15, in the token
	serial      bigint not null, -- grows; tells two uses of one key_id apart
	sealed      text collate "C" not null,
	created_at  bigint not null,
	deny_before bigint, -- tokens older than this are refused
	primary key (serial)
); -- owner: click, global

-- One salt per program and local date; destroyed 72 hours after it began.
create table click_salts (
	program_id text collate "C" not null references programs (program_id),
	day        bigint not null, -- days since 1970-01-01, local
	sealed     text collate "C" not null,
	starts_at  bigint not null,
	ends_at    bigint not null,
	primary key (program_id, day)
); -- owner: click
