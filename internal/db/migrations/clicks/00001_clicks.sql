-- +goose Up

create table click_positions (
	consumer text collate "C" not null,
	stream   text collate "C" not null,
	created  bigint not null, -- the stream's creation time, microseconds
	sequence bigint not null,
	moved_at bigint not null,
	primary key (consumer, stream, created)
); -- owner: click, global

-- A frame is stored once, however often it is delivered.
create table click_frames (
	frame_id  text collate "C" not null primary key,
	clicks    bigint not null,
	stored_at bigint not null
); -- owner: click, global

-- Consecutive sequences that were gone before they were stored.
create table click_gaps (
	stream     text collate "C" not null,
	created    bigint not null,
	first      bigint not null,
	last       bigint not null,
	noticed_at bigint not null,
	primary key (stream, created, first)
); -- owner: click, global

create table clicks (
	program_id   text collate "C" not null,
	click_id     text collate "C" not null,
	at           bigint not null,
	link_id      text collate "C" not null,
	affiliate_id text collate "C" not null,
	repeated     bigint not null, -- 'repeat' or 'blocked_net': keeps its token, is not counted
	reason       text collate "C" not null,
	day          bigint not null, -- days since 1970-01-01 in the program's zone
	visitor      text collate "C" not null, -- daily salted hash
	network      text collate "C" not null, -- truncated address; personal
	country      text collate "C" not null,
	device       text collate "C" not null,
	browser      text collate "C" not null,
	os           text collate "C" not null,
	language     text collate "C" not null,
	referrer     text collate "C" not null, -- host and path
	landing      text collate "C" not null, -- path
	agent        text collate "C" not null, -- raw
	subs         text collate "C" not null, -- JSON object sub1 … sub5
	utm          text collate "C" not null, -- JSON object
	qr           bigint not null,
	bot_list     text collate "C" not null, -- version of the lists that judged it
	primary key (program_id, click_id)
); -- owner: click
-- report: clicks of a period
create index clicks_at on clicks (program_id, at, click_id);
-- click.List of a link
create index clicks_link on clicks (program_id, link_id, click_id);
-- click.List of an affiliate
create index clicks_affiliate on clicks (program_id, affiliate_id, click_id);

-- Totals per link and quarter-hour UTC.
create table click_quarters (
	program_id   text collate "C" not null,
	link_id      text collate "C" not null,
	quarter      bigint not null, -- quarter-hours since 1970-01-01 UTC
	affiliate_id text collate "C" not null,
	clicks       bigint not null,
	uniques      bigint not null, -- visitors whose first click of the local day on this link it was
	primary key (program_id, link_id, quarter)
); -- owner: click
-- report.Links: an affiliate's links over time
create index click_quarters_affiliate on click_quarters (program_id, affiliate_id, quarter);

create table click_drops (
	program_id   text collate "C" not null,
	link_id      text collate "C" not null,
	quarter      bigint not null,
	reason       text collate "C" not null,
	affiliate_id text collate "C" not null,
	hits         bigint not null,
	primary key (program_id, link_id, quarter, reason)
); -- owner: click
-- report.Drops, report.Links
create index click_drops_affiliate on click_drops (program_id, affiliate_id, quarter);

-- Totals per local day, dimension and value, for a program (affiliate '') and
-- for each affiliate.
create table click_days (
	program_id   text collate "C" not null,
	affiliate_id text collate "C" not null,
	day          bigint not null, -- days since 1970-01-01 in the program's zone
	dimension    text collate "C" not null, -- '', 'country', 'device', 'referrer', 'sub1' …
	value        text collate "C" not null,
	clicks       bigint not null,
	uniques      bigint not null,
	primary key (program_id, affiliate_id, day, dimension, value)
); -- owner: click

-- Who was seen already on a local day: 'p' program, 'a' + affiliate, 'l' + link.
create table click_visitors (
	program_id text collate "C" not null,
	day        bigint not null,
	scope      text collate "C" not null,
	visitor    text collate "C" not null,
	primary key (program_id, day, scope, visitor)
); -- owner: click
