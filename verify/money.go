package verify

import (
	"context"
	"encoding/json"
	"fmt"

	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
)

// balances compares each balance row with the sum of its legs, and the other
// way round.
func balances(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	type sum struct {
		owner, account, currency string
		legs, row                int64
	}
	sums, err := db.All(ctx, r, func(r db.Row) (sum, error) {
		var s sum
		err := r.Scan(&s.owner, &s.account, &s.currency, &s.legs, &s.row)
		return s, err
	}, `select x.owner, x.account, x.currency, cast(sum(x.legs) as bigint), cast(sum(x.row) as bigint) from (
			select owner, account, currency, minor as legs, 0 as row from ledger_legs where program_id = $1
			union all
			select owner, account, currency, 0 as legs, minor as row from ledger_balances where program_id = $1
		) x group by x.owner, x.account, x.currency order by x.owner, x.account, x.currency`, prog)
	if err != nil {
		return nil, err
	}
	for _, s := range sums {
		row := fmt.Sprintf("%s of %s", s.account, s.owner)
		a, known := commission.AccountNamed(s.account)
		if !known {
			return []Finding{{CheckBalances, row, text.S("There is no account of this name.")}}, nil
		}
		ought := s.legs * int64(a.Normal)
		if !a.Guarded {
			ought = 0
		}
		if s.row != ought {
			return []Finding{{CheckBalances, row, text.S("The balance is %s, but its legs sum to %s.", amount(s.row, s.currency), amount(ought, s.currency))}}, nil
		}
	}
	return nil, nil
}

func commissions(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	return ask(ctx, r, prog,
		question{CheckCommissions, "Posted are %s, the target is %s.", `
			select c.commission_id, c.currency, cast(coalesce(-sum(l.minor), 0) as bigint), c.target_minor from commissions c
			left join ledger_legs l on l.program_id = c.program_id and l.item = c.commission_id
				and l.account = 'expense:commission' and l.owner = c.affiliate_id
			where c.program_id = $1 group by c.commission_id, c.currency, c.target_minor
			having coalesce(-sum(l.minor), 0) <> c.target_minor order by c.commission_id`},
		question{CheckCommissions, "Posted are %s for an affiliate who does not have the commission, instead of %s.", `
			select l.item, l.currency, cast(-sum(l.minor) as bigint), 0 from ledger_legs l
			left join commissions c on c.program_id = l.program_id and c.commission_id = l.item and c.affiliate_id = l.owner
			where l.program_id = $1 and l.account = 'expense:commission' and c.commission_id is null
			group by l.item, l.owner, l.currency having sum(l.minor) <> 0 order by l.item`},
	)
}

func payouts(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	found, err := ask(ctx, r, prog,
		question{CheckPayouts, "The lines sum to %s, the amount is %s.", `
			select p.payout_id, p.currency, cast(coalesce(sum(l.minor), 0) as bigint), p.amount_minor from payouts p
			left join payout_lines x on x.program_id = p.program_id and x.payout_id = p.payout_id
			left join ledger_legs l on l.program_id = x.program_id and l.posting_id = x.posting_id and l.n = x.n
				and l.account = 'payable' and l.owner = p.affiliate_id and l.currency = p.currency
			where p.program_id = $1 group by p.payout_id, p.currency, p.amount_minor
			having coalesce(sum(l.minor), 0) <> p.amount_minor order by p.payout_id`},
		question{CheckPayouts, "A line is no movement on payable.", `
			select x.payout_id, '', 0, 0 from payout_lines x
			left join ledger_legs l on l.program_id = x.program_id and l.posting_id = x.posting_id and l.n = x.n and l.account = 'payable'
			where x.program_id = $1 and l.posting_id is null order by x.payout_id`},
	)
	if err != nil {
		return nil, err
	}
	accounts := map[string]string{"approved": `l.account = 'in_payout'`, "sent": `l.account like 'clearing:%'`, "settled": `l.account like 'cash:%'`}
	for _, state := range []string{"approved", "sent", "settled"} {
		more, err := first(ctx, r, CheckPayouts, "The accounts say %s, the payouts %s.", `
			select x.owner, x.currency, cast(sum(x.legs) as bigint), cast(sum(x.pots) as bigint) from (
				select l.owner, l.currency, l.minor as legs, 0 as pots from ledger_legs l where l.program_id = $1 and `+accounts[state]+`
				union all
				select affiliate_id, currency, 0 as legs, amount_minor as pots from payouts where program_id = $1 and state = $2
			) x group by x.owner, x.currency having sum(x.legs) <> sum(x.pots) order by x.owner, x.currency`, prog, state)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// days compares the daily totals with the legs that are sealed.
func days(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	return ask(ctx, r, prog, question{CheckDays, "The days sum to %s, the sealed legs to %s.", `
		select x.account, x.currency, cast(sum(x.days) as bigint), cast(sum(x.legs) as bigint) from (
			select account, currency, minor as days, 0 as legs from ledger_days where program_id = $1
			union all
			select l.account, l.currency, 0 as days, l.minor as legs from ledger_legs l
			join ledger_sealed s on s.program_id = l.program_id and s.posting_id = l.posting_id where l.program_id = $1
		) x group by x.account, x.currency having sum(x.days) <> sum(x.legs) order by x.account, x.currency`})
}

const recomputePage = 200

type stored struct {
	id     id.Commission
	target int64
	base   int64
	input  commission.Input
	lines  []commission.Line
}

func scanStored(r db.Row) (stored, error) {
	var s stored
	err := r.Scan(&s.id, &s.target, &s.base, db.JSON(&s.input), db.JSON(&s.lines))
	return s, err
}

// Recompute calculates every commission anew from its stored input and
// compares amount and lines.
func Recompute(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	last := id.Commission("")
	for {
		page, err := db.All(ctx, r, scanStored, `select commission_id, target_minor, base_minor, inputs, lines from commissions
			where program_id = $1 and commission_id > $2 order by commission_id limit $3`, prog, last, recomputePage)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			last = s.id
			if f, ok := s.differs(); ok {
				return []Finding{f}, nil
			}
		}
		if len(page) < recomputePage {
			return nil, nil
		}
	}
}

func (s stored) differs() (Finding, bool) {
	currency := string(s.input.Currency)
	res, err := commission.Calculate(s.input)
	if err != nil {
		return Finding{CheckRecompute, string(s.id), text.S("It cannot be computed: %s", err.Error())}, true
	}
	if res.Minor != s.target || res.BaseMinor != s.base {
		return Finding{CheckRecompute, string(s.id), text.S("Its input gives %s, stored are %s.", amount(res.Minor, currency), amount(s.target, currency))}, true
	}
	was, _ := json.Marshal(s.lines) // plain data
	is, _ := json.Marshal(res.Lines)
	if string(was) != string(is) {
		return Finding{CheckRecompute, string(s.id), text.S("Its input gives other lines than are stored.")}, true
	}
	return Finding{}, false
}
