-- +goose Up

create table referrals (
	program_id   text collate "C" not null references programs (program_id),
	referral_id  text collate "C" not null,
	customer_id  text collate "C" not null,
	affiliate_id text collate "C" not null,
	kind         text collate "C" not null, -- the winner: 'link', 'coupon', 'claim'
	link_id      text collate "C" not null, -- winning link, or ''
	coupon_id    text collate "C" not null, -- winner's accepted code, or ''
	click_id     text collate "C" not null,
	state        text collate "C" not null, -- 'standing', 'ended', 'void', 'lost'
	since        bigint not null, -- payments from here on are its
	until        bigint,          -- … and up to here
	lapsed_at    bigint,
	reason       text collate "C" not null, -- JSON of a sentence: why it does not stand
	terms_at     bigint not null, -- the time whose terms it keeps
	by_hand      bigint not null, -- a person decided: facts no longer change it
	created_at   bigint not null,
	primary key (program_id, referral_id),
	foreign key (program_id, customer_id) references customers (program_id, customer_id),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: referral
-- One standing referral per customer.
create unique index referrals_standing on referrals (program_id, customer_id) where state = 'standing';
-- referral.ForCustomer
create index referrals_customer on referrals (program_id, customer_id, since);
-- referral.OfAffiliate
create index referrals_affiliate on referrals (program_id, affiliate_id, referral_id);

-- Everything that was ever handed in, also what proved nothing.
create table referral_evidence (
	program_id   text collate "C" not null,
	customer_id  text collate "C" not null,
	evidence_id  text collate "C" not null,
	kind         text collate "C" not null, -- 'click', 'coupon', 'claim'
	source       text collate "C" not null, -- token's click id, canonical code, or a hash of what was unreadable
	step         text collate "C" not null, -- 'signed_up', 'onboarded', 'payment'
	step_at      bigint not null,           -- the step's own time; the earliest it came with
	at           bigint not null,           -- the touch's own time
	affiliate_id text collate "C" not null, -- '' when it names nobody here
	link_id      text collate "C" not null,
	coupon_id    text collate "C" not null,
	window_days  bigint not null,           -- in force at the click
	landing      text collate "C" not null, -- path on which the click landed, or ''
	prefilled    bigint not null,
	flaw         text collate "C" not null, -- 'forged', 'foreign', 'unknown', … or ''
	recorded_at  bigint not null,
	primary key (program_id, customer_id, evidence_id),
	unique (program_id, customer_id, kind, source, step),
	foreign key (program_id, customer_id) references customers (program_id, customer_id)
); -- owner: referral
-- report.OwnReferrals
create index referral_evidence_affiliate on referral_evidence (program_id, affiliate_id, customer_id);

create table referral_decisions (
	program_id     text collate "C" not null,
	customer_id    text collate "C" not null,
	version        bigint not null,
	at             bigint not null,
	step           text collate "C" not null,
	policy_version bigint not null,
	affiliate_id   text collate "C" not null, -- the winner, or ''
	record         text collate "C" not null, -- JSON: policy, candidates, verdicts, reasons, sentence; personal
	primary key (program_id, customer_id, version),
	foreign key (program_id, customer_id) references customers (program_id, customer_id)
); -- owner: referral

create table payments (
	program_id     text collate "C" not null references programs (program_id),
	payment_id     text collate "C" not null,
	external_id    text collate "C" not null, -- the merchant's or provider's own id
	customer_id    text collate "C" not null,
	at             bigint not null,           -- the provider's time
	currency       text collate "C" not null,
	amount_minor   bigint not null,           -- gross: what the customer paid, with tax
	tax_minor      bigint not null,
	refunded_minor bigint not null,           -- gross, cumulative, clamped to amount
	dispute        text collate "C" not null, -- '', 'open', 'won', 'lost'
	plan_code      text collate "C" not null,
	period_start   bigint,                    -- of what it settles, when known
	source         text collate "C" not null, -- 'api' or the provider
	content_hash   text collate "C" not null, -- the same id with other content is a conflict
	recorded_at    bigint not null,
	primary key (program_id, payment_id),
	unique (program_id, external_id),
	foreign key (program_id, customer_id) references customers (program_id, customer_id)
); -- owner: payment
-- payment.OfCustomer, in the provider's order
create index payments_customer on payments (program_id, customer_id, at, external_id);
-- payment.List
create index payments_at on payments (program_id, at, payment_id);

create table payment_lines (
	program_id   text collate "C" not null,
	payment_id   text collate "C" not null,
	n            bigint not null,
	plan_code    text collate "C" not null, -- '' when it names none
	amount_minor bigint not null,           -- without tax, after discount and credit; may be negative
	primary key (program_id, payment_id, n),
	foreign key (program_id, payment_id) references payments (program_id, payment_id)
); -- owner: payment

create table refunds (
	program_id   text collate "C" not null,
	payment_id   text collate "C" not null,
	refund_id    text collate "C" not null,
	external_id  text collate "C" not null,
	at           bigint not null,
	amount_minor bigint not null, -- gross
	state        text collate "C" not null, -- 'succeeded', 'failed'
	recorded_at  bigint not null,
	primary key (program_id, payment_id, refund_id),
	unique (program_id, payment_id, external_id),
	foreign key (program_id, payment_id) references payments (program_id, payment_id)
); -- owner: payment

create table commissions (
	program_id    text collate "C" not null references programs (program_id),
	commission_id text collate "C" not null,
	cause         text collate "C" not null, -- pay_ id, or 'signup:' / 'onboarding:' and the cus_ id
	level         bigint not null,           -- 1; 2 is a second level
	referral_id   text collate "C" not null,
	affiliate_id  text collate "C" not null,
	customer_id   text collate "C" not null,
	payment_id    text collate "C" not null, -- '' for sign-up and onboarding
	kind          text collate "C" not null, -- 'payment', 'signup', 'onboarding'
	at            bigint not null,           -- the cause's own time
	currency      text collate "C" not null,
	base_minor    bigint not null,           -- after refunds
	target_minor  bigint not null,
	release_at    bigint not null,           -- when its hold is over
	released_at   bigint,
	review        text collate "C" not null, -- JSON of a sentence: why a person must look; or ''
	disputed      bigint not null,
	terms_id      text collate "C" not null,
	inputs        text collate "C" not null, -- JSON: everything the target was computed from
	lines         text collate "C" not null, -- JSON: the calculation for people
	revision      bigint not null,           -- grows with each change; in the postings' references
	created_at    bigint not null,
	changed_at    bigint not null,
	primary key (program_id, commission_id),
	unique (program_id, cause, level),
	foreign key (program_id, customer_id) references customers (program_id, customer_id),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: commission
-- commission.Due
create index commissions_due on commissions (program_id, release_at) where released_at is null;
-- commission.OfAffiliate
create index commissions_affiliate on commissions (program_id, affiliate_id, at, commission_id);
-- commission.OfCustomer
create index commissions_customer on commissions (program_id, customer_id);
-- commission.List
create index commissions_at on commissions (program_id, at, commission_id);

create table payout_runs (
	program_id  text collate "C" not null references programs (program_id),
	run_id      text collate "C" not null,
	cut_off     bigint not null,
	state       text collate "C" not null, -- 'draft', 'approved', 'sent', 'done', 'cancelled'
	seen        text collate "C" not null, -- JSON: sums shown in the draft, compared at approval
	created_at  bigint not null,
	approved_at bigint,
	approved_by text collate "C" not null,
	primary key (program_id, run_id)
); -- owner: payout

create table payouts (
	program_id   text collate "C" not null,
	payout_id    text collate "C" not null,
	run_id       text collate "C" not null,
	affiliate_id text collate "C" not null,
	currency     text collate "C" not null,
	amount_minor bigint not null,
	state        text collate "C" not null, -- 'approved', 'sent', 'settled', 'failed', 'unknown', 'cancelled'
	rail         text collate "C" not null,
	details      text collate "C" not null, -- sealed snapshot; personal
	shown        text collate "C" not null, -- masked; personal
	reference    text collate "C" not null, -- the rail's, once known
	created_at   bigint not null,
	sent_at      bigint,
	settled_at   bigint,
	primary key (program_id, payout_id),
	unique (program_id, run_id, affiliate_id, currency),
	foreign key (program_id, run_id) references payout_runs (program_id, run_id),
	foreign key (program_id, affiliate_id) references affiliates (program_id, affiliate_id)
); -- owner: payout
-- payout.OfAffiliate
create index payouts_affiliate on payouts (program_id, affiliate_id, payout_id);

-- Each movement on payable is in at most one payout.
create table payout_lines (
	program_id text collate "C" not null,
	posting_id text collate "C" not null,
	n          bigint not null,
	payout_id  text collate "C" not null,
	primary key (program_id, posting_id, n),
	foreign key (program_id, payout_id) references payouts (program_id, payout_id)
); -- owner: payout
-- payout.Lines
create index payout_lines_payout on payout_lines (program_id, payout_id, posting_id);

create table notices (
	program_id text collate "C" not null,
	notice_id  text collate "C" not null,
	person_id  text collate "C" not null,
	kind       text collate "C" not null, -- 'applied', 'approved', 'sign_in', …
	cause      text collate "C" not null, -- makes it happen once
	facts      text collate "C" not null, -- sealed JSON of what the template needs; personal
	created_at bigint not null,
	due_at     bigint not null,
	tries      bigint not null,
	sent_at    bigint,
	failed_at  bigint,
	primary key (program_id, notice_id),
	unique (program_id, person_id, kind, cause)
); -- owner: notice
-- notice.Claim
create index notices_due on notices (due_at) where sent_at is null and failed_at is null;
