-- +goose Up

-- How long a click counts is decided by the window in force at the click.
create table program_windows (
	program_id  text collate "C" not null references programs (program_id),
	at          bigint not null, -- when this window began to be in force
	window_days bigint not null,
	primary key (program_id, at)
); -- owner: program

insert into program_windows (program_id, at, window_days) select program_id, created_at, window_days from programs;
