package web_test

import (
	"github.com/a-h/templ"

	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

var someCommissions = []merchant.CommissionRow{
	{ID: "com_1", Cause: "Payment pay-1042", Customer: "cus-20817", Affiliate: "Jane Doe", State: "held", Due: "until 23 Dec 2026", When: "23 Nov 2026", Base: "90.00", Amount: "18.00"},
	{ID: "com_2", Cause: "Payment pay-1038", Customer: "cus-20776", Affiliate: "Jane Doe", State: "in_review", When: "22 Nov 2026", Base: "290.00", Amount: "58.00"},
	{ID: "com_3", Cause: "Payment pay-0967", Customer: "cus-20612", Affiliate: "Omar Haddad", State: "payable", When: "20 Oct 2026", Base: "29.00", Amount: "5.80"},
	{ID: "com_4", Cause: "Sign-up", Customer: "cus-20611", Affiliate: "Studio Nordlicht GmbH", State: "in_payout", When: "19 Oct 2026", Amount: "3.00"},
	{ID: "com_5", Cause: "Payment pay-0871", Customer: "cus-20402", Affiliate: "Lena Fischer", State: "paid", When: "3 Oct 2026", Base: "29.00", Amount: "5.80"},
	{ID: "com_6", Cause: "Payment pay-0870", Customer: "cus-20399", Affiliate: "Lena Fischer", State: "reversed", When: "3 Oct 2026", Base: "0.00", Amount: "0.00"},
}

func merchantMoney() map[string]templ.Component {
	runs := []merchant.RunRow{
		{ID: "run_3", Name: "November 2026", State: "sent", When: "1 Nov 2026", Affiliates: "12", Amount: "1,240.00"},
		{ID: "run_2", Name: "October 2026", State: "settled", When: "1 Oct 2026", Affiliates: "9", Amount: "871.45"},
		{ID: "run_1", Name: "September 2026", State: "cancelled", When: "1 Sep 2026", Affiliates: "7", Amount: "604.00"},
	}
	figures := []part.Stat{{Label: "Payable now", Figure: "1,240.00", Unit: "EUR", Note: "to 12 of 17 affiliates"}, {Label: "Held", Figure: "2,118.60", Unit: "EUR", Note: "becomes payable within 30 days"}, {Label: "Paid this year", Figure: "9,402.15", Unit: "EUR", Note: "in 10 runs"}}
	return map[string]templ.Component{
		"merchant-commissions": merchant.CommissionsView(merchant.CommissionsPage{Frame: staffFrame("Commissions", merchant.Commissions), Base: staffBase, Unit: "EUR", Rows: someCommissions,
			Tabs:  []part.Tab{{Name: "All", Href: staffBase + "/commissions", Here: true}, {Name: "Held", Href: staffBase + "/commissions?state=held"}, {Name: "In review", Count: "2", Href: staffBase + "/commissions?state=in_review"}, {Name: "Payable", Href: staffBase + "/commissions?state=payable"}, {Name: "Paid", Href: staffBase + "/commissions?state=paid"}, {Name: "Reversed", Href: staffBase + "/commissions?state=reversed"}},
			Pager: part.Pager{Shown: "51–100 of 412", Newer: staffBase + "/commissions", Older: staffBase + "/commissions?after=x"}}),
		"merchant-commission":   merchant.CommissionView(aCommission()),
		"merchant-payouts":      merchant.PayoutsView(merchant.PayoutsPage{Frame: staffFrame("Payouts", merchant.Payouts), Base: staffBase, Unit: "EUR", Figures: figures, Next: "The next run is due on 1 December 2026.", Drafts: true, Rows: runs}),
		"merchant-payouts-none": merchant.PayoutsView(merchant.PayoutsPage{Frame: staffFrame("Payouts", merchant.Payouts), Base: staffBase, Unit: "EUR", Figures: []part.Stat{{Label: "Payable now", Figure: "0.00", Unit: "EUR"}, {Label: "Held", Figure: "18.00", Unit: "EUR", Note: "becomes payable within 30 days"}}, Next: "The next run is due on 1 December 2026."}),
		"merchant-draft":        merchant.DraftView(aDraft()),
		"merchant-run":          merchant.RunView(aRun()),
	}
}

func aCommission() merchant.CommissionPage {
	return merchant.CommissionPage{
		Frame: staffFrame("Commission", merchant.Commissions), Base: staffBase, ID: "com_1", Title: "15.00 EUR for Jane Doe", State: "held", Unit: "EUR",
		Sentence: "Held until 23 December 2026; then it becomes payable by itself.",
		Lines: []part.Line{
			{Name: "Payment pay-1042", Note: "pro, 1 month", Figure: "119.00 EUR"}, {Name: "Tax", Figure: "−19.00 EUR"}, {Name: "Coupon JANE10", Note: "already taken off by the merchant", Figure: "0.00 EUR"}, {Name: "Refunded", Note: "29.75 of 119.00 EUR, in proportion", Figure: "−25.00 EUR"},
			{Kind: part.LineStep, Name: "Base", Figure: "75.00 EUR"}, {Name: "Rate", Note: "terms version 2, rule “each payment, any plan”", Figure: "20 %"}, {Name: "Rounding", Note: "once, half away from zero", Figure: "0.00 EUR"},
			{Kind: part.LineSum, Name: "Commission", Figure: "15.00 EUR"},
		},
		Facts: []part.Fact{{Name: "Affiliate", Value: part.Link("Jane Doe", staffBase+"/affiliates/aff_1")}, {Name: "Referral", Value: part.Link("cus-20817", staffBase+"/referrals/ref_1")}, {Name: "Paid", Value: part.Words("23 Nov 2026, 14:20")}, {Name: "Hold", Value: part.Words("30 days, to 23 Dec 2026")}, {Name: "Terms", Value: part.Link("Version 2, kept", staffBase+"/settings/terms")}, {Name: "Id", Value: part.Code("com_01jqz8w2x3e4r5t6y7u8i9p0a1")}},
		Movements: []merchant.Movement{
			{When: "23 Nov 2026, 14:20", What: "Earned", From: "expense: commission", To: "held", Amount: "20.00", Ref: "pst_01jqz8w2x3e4r5t6y7u8i9p0a1", Who: "key “server”"},
			{When: "23 Nov 2026, 16:41", What: "Refund of 29.75 EUR", From: "held", To: "expense: commission", Amount: "5.00", Ref: "pst_01jqz9c1v2b3n4m5k6j7h8g9f0", Who: "key “server”"},
		},
	}
}

func aDraft() merchant.DraftPage {
	return merchant.DraftPage{
		Frame: staffFrame("Draft", merchant.Payouts), Base: staffBase, Unit: "EUR", Seen: "5f2c", Approve: "Pay out 12 affiliates, 1,240.00 EUR",
		Until:   part.Field{Name: "until", Label: "Released up to", Type: "date", Value: "2026-11-30"},
		Figures: []part.Stat{{Label: "To be paid", Figure: "1,240.00", Unit: "EUR"}, {Label: "Affiliates", Figure: "12"}, {Label: "Left out", Figure: "3", Note: "61.30 EUR stay payable"}},
		Paid: []merchant.DraftRow{
			{ID: "aff_1", Name: "Jane Doe", Method: "Bank transfer, DE•• 3000", Lines: "14 commissions, 1 reversal", Amount: "682.50"}, {ID: "aff_2", Name: "Omar Haddad", Method: "Bank transfer, AT•• 1147", Lines: "9 commissions", Amount: "348.70"}, {ID: "aff_6", Name: "Lena Fischer", Method: "Bank transfer, DE•• 8821", Lines: "5 commissions", Amount: "208.80"},
		},
		LeftOut: []merchant.LeftOutRow{
			{ID: "aff_7", Name: "Tomas Reyes", Why: "31.20 EUR are below the minimum of 50.00 EUR. They stay payable and stand in the next run.", Balance: "31.20"},
			{ID: "aff_8", Name: "Anouk Vidal", Why: "Payout details are missing. She has been asked for them.", Balance: "21.10"},
			{ID: "aff_5", Name: "Deal Finder", Why: "Suspended since 14 November 2026. Nothing is paid until you reinstate.", Balance: "9.00"},
		},
	}
}

func aRun() merchant.RunPage {
	return merchant.RunPage{
		Frame: staffFrame("November 2026", merchant.Payouts), Base: staffBase, ID: "run_3", Name: "November 2026", State: "sent", About: "Approved on 1 November 2026 by Mara Holm, sent on 2 November 2026.", Unit: "EUR", Total: "1,240.00 EUR",
		Steps:   []part.Step{{Name: "Approved", Done: true}, {Name: "Sent", Done: true}, {Name: "Settled", Here: true}},
		Figures: []part.Stat{{Label: "In this run", Figure: "1,240.00", Unit: "EUR", Note: "12 affiliates"}, {Label: "Settled", Figure: "348.70", Unit: "EUR", Note: "1 affiliate"}, {Label: "Failed", Figure: "208.80", Unit: "EUR", Note: "1 affiliate"}, {Label: "Open", Figure: "682.50", Unit: "EUR", Note: "10 affiliates"}},
		Payouts: []merchant.PayoutRow{
			{ID: "pot_1", Affiliate: "Jane Doe", Method: "Bank transfer, DE•• 3000", State: "sent", Amount: "682.50", Whole: "682.50 EUR", Settle: true, Fail: true},
			{ID: "pot_2", Affiliate: "Omar Haddad", Method: "Bank transfer, AT•• 1147", State: "settled", Ref: "2026-11-02/118", Amount: "348.70"},
			{ID: "pot_3", Affiliate: "Lena Fischer", Method: "Bank transfer, DE•• 8821", State: "failed", Ref: "The account is closed.", Amount: "208.80"},
		},
		File: true, Settle: "Mark 10 payouts as settled",
	}
}

func merchantSettings() map[string]templ.Component {
	keys := merchant.KeysPage{
		Frame: staffFrame("API keys", merchant.Keys), Base: staffBase, Calls: "/v1/openapi.json", Make: true,
		Name: part.Field{Name: "name", Label: "Name", Help: "Where the key lives, so that you know it again.", Hint: "production server"},
		Kind: part.Field{Name: "kind", Label: "Kind", Value: "secret", Options: []part.Option{{Value: "secret", Name: "Secret", About: "For your server: reports sign-ups and payments."}, {Value: "publishable", Name: "Publishable", About: "For a page: quotes coupons, records clicks."}}},
		Rows: []merchant.KeyRow{{ID: "key_1", Name: "server", Begin: "trb_sk_live_7Qm…", Kind: "Secret", State: "active", Made: "4 Mar 2026", Used: "2 minutes ago", Can: true}, {ID: "key_2", Name: "website", Begin: "trb_pk_live_a1B…", Kind: "Publishable", State: "active", Made: "4 Mar 2026", Used: "today", Can: true}, {ID: "key_0", Name: "first try", Begin: "trb_sk_live_Zx2…", Kind: "Secret", State: "revoked", Made: "3 Mar 2026", Used: "never"}},
	}
	made := keys
	made.Made = &merchant.KeyMade{Name: "production server", Secret: "trb_sk_live_" + "4fK9sWmQ2xLr8TzVbN6yHc3D", Try: `curl -X POST https://tributary.riverbank.example/v1/referrals -H "Authorization: Bearer $KEY" -d '{"customer_id":"cus-1","step":"signed_up"}'`}
	return map[string]templ.Component{
		"merchant-settings": merchant.SettingsView(someSettings()),
		"merchant-plans": merchant.PlansView(merchant.PlansPage{Frame: staffFrame("Plans", merchant.Settings), Base: staffBase, Add: true,
			Rows: []merchant.PlanRow{{ID: "pln_1", Code: "starter", Name: "Starter", Price: "29.00 EUR", Every: "a month", Can: true}, {ID: "pln_2", Code: "pro", Name: "Pro", Price: "290.00 EUR", Every: "a year", Can: true}},
			Code: part.Field{Name: "code", Label: "Code", Code: true, Hint: "team", Help: "Your server names the plan like this."}, Name: part.Field{Name: "name", Label: "Name"}, Price: part.Field{Name: "price", Label: "Price", After: "EUR", Mode: "decimal"},
			Every: part.Field{Name: "period", Label: "Paid", Value: "month", Options: []part.Option{{Value: "month", Name: "each month"}, {Value: "year", Name: "each year"}, {Value: "once", Name: "once"}}}}),
		"merchant-terms":     merchant.TermsView(someTerms()),
		"merchant-keys":      merchant.KeysView(keys),
		"merchant-keys-made": merchant.KeysView(made),
	}
}

func someSettings() merchant.SettingsPage {
	return merchant.SettingsPage{
		Frame: staffFrame("Settings", merchant.Settings), Base: staffBase, Change: true,
		Fixed: []part.Fact{{Name: "Currency", Value: part.Words("EUR")}, {Name: "Link host", Value: part.Code("go.riverbank.example")}, {Name: "Short name", Value: part.Code("riverbank")}, {Name: "Cookie", Value: part.Code("trb_riverbank")}, {Name: "Id", Value: part.Code("prg_01jqz8w2x3e4r5t6y7u8i9p0a1")}},
		Fields: merchant.ProgramFields{
			Name: part.Field{Name: "name", Label: "Name", Value: "Riverbank"}, Site: part.Field{Name: "site_url", Label: "Site", Type: "url", Value: "https://riverbank.example", Help: "Links lead here unless they say otherwise."},
			Sites: part.Field{Name: "sites", Label: "Other sites", Value: "docs.riverbank.example", Lines: 2, Code: true, Optional: true, Help: "One host a line. Links may lead to these and to your site, and nowhere else."},
			Zone:  part.Field{Name: "zone", Label: "Time zone", Value: "Europe/Berlin", Code: true}, Accent: part.Field{Name: "accent", Label: "Colour", Value: "#1f7a7a", Code: true, Optional: true},
			Credit:   part.Field{Name: "credit", Label: "When a link and a code disagree", Value: "coupon_first", Options: []part.Option{{Value: "coupon_first", Name: "The code wins", About: "Typing a code is a deliberate act."}, {Value: "link_first", Name: "The link wins", About: "The code keeps its discount."}, {Value: "coupon_if_involved", Name: "The code wins if its owner also has a click", About: "Against another affiliate's link; alone it always wins."}}},
			Touch:    part.Field{Name: "touch", Label: "Among several clicks", Value: "last_touch", Options: []part.Option{{Value: "last_touch", Name: "The last one wins"}, {Value: "first_touch", Name: "The first one wins"}}},
			NewOnly:  part.Field{Name: "new_signups_only", Label: "Count new sign-ups only", Optional: true},
			Checkout: part.Field{Name: "checkout_paths", Label: "Checkout pages", Lines: 2, Optional: true, Code: true},
			Window:   part.Field{Name: "window_days", Label: "A click counts for", Value: "60", After: "days", Mode: "numeric"}, Via: part.Field{Name: "via_name", Label: "Parameter in addresses", Value: "via", Code: true},
			Lapse:        part.Field{Name: "lapse_after_days", Label: "A claim lapses after", Optional: true, After: "days inactive", Mode: "numeric", Help: "Empty means never: the commission is for life."},
			Mode:         part.Field{Name: "mode", Label: "How clicks are remembered", Value: "full", Options: []part.Option{{Value: "full", Name: "At once"}, {Value: "consent", Name: "After consent"}, {Value: "cookieless", Name: "Without cookies"}}},
			Fallback:     part.Field{Name: "fallback_url", Label: "Fallback page", Optional: true, Type: "url"},
			Applications: part.Field{Name: "applications", Label: "Applications", Value: "review", Options: []part.Option{{Value: "review", Name: "You decide on each"}, {Value: "approve", Name: "Everybody is approved"}, {Value: "closed", Name: "Nobody can apply"}}},
			Suggest:      part.Field{Name: "suggest_percent", Label: "The first code takes off", Value: "10 %"},
			Hold:         part.Field{Name: "hold_days", Label: "Hold", Value: "30", After: "days", Mode: "numeric", Help: "From the payment's time."}, Minimum: part.Field{Name: "minimum", Label: "Minimum payout", Value: "five", After: "EUR", Mode: "decimal", Error: "five is not an amount in EUR. Write digits, with at most 2 decimals behind a point."},
		},
	}
}

func someTerms() merchant.TermsPage {
	return merchant.TermsPage{
		Frame: staffFrame("Terms", merchant.Settings), Base: staffBase,
		Versions: []merchant.TermsVersion{
			{Name: "Version 2", State: "in_force", Since: "Since 1 June 2026, for 312 referrals.", Lines: []part.Line{{Name: "Each payment", Note: "any plan, for life", Figure: "20 %"}, {Name: "Each payment on pro", Note: "for life", Figure: "25 %"}, {Name: "Sign-up", Note: "once, with the first payment", Figure: "3.00 EUR"}}},
			{Name: "Version 1", State: "archived", Since: "From 4 March to 31 May 2026; 41 referrals keep it.", Lines: []part.Line{{Name: "Each payment", Note: "any plan, for life", Figure: "15 %"}}},
		},
		Change: true,
		Fields: []part.Field{{Name: "rate", Label: "Each payment earns", Value: "20 %"}, {Name: "first_rate", Label: "The first payment earns", Optional: true, Help: "Empty means the same as each."}, {Name: "signup", Label: "A sign-up earns", Value: "3.00 EUR", Optional: true}, {Name: "starts_at", Label: "In force from", Type: "date", Value: "2026-12-01"}},
		Plans:  []part.Field{{Name: "plan_starter", Label: "On starter", Optional: true}, {Name: "plan_pro", Label: "On pro", Value: "25 %", Optional: true}},
		Keep:   part.Field{Name: "binding", Label: "Customers who signed up before", Value: "keep", Options: []part.Option{{Value: "keep", Name: "Keep their terms", About: "Nobody's deal gets worse behind their back."}, {Value: "follow", Name: "Follow the new version"}}},
	}
}
