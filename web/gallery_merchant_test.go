package web_test

import (
	"fmt"
	"math"

	"github.com/a-h/templ"

	"tributary.example/internal/text"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

const staffBase = "/p/riverbank"

func gallery() map[string]templ.Component {
	pages := map[string]templ.Component{}
	for _, shelf := range []map[string]templ.Component{merchantPages(), merchantMoney(), merchantSettings(), affiliatePages(), affiliateMoney(), publicPages()} {
		for name, page := range shelf {
			pages[name] = page
		}
	}
	return pages
}

func staffFrame(title string, here merchant.Place) part.Frame {
	return part.Frame{
		Title: title, Program: "Riverbank",
		Programs: []part.Choice{{Name: "Riverbank", Href: "/p/riverbank", Here: true}, {Name: "Harbour Notes", Href: "/p/harbour"}},
		Side:     part.Live, LiveHref: "/p/riverbank", TestHref: "/p/riverbank-test",
		Places: merchant.Places(staffBase, here, map[merchant.Place]string{merchant.Affiliates: "3", merchant.Payouts: "1"}),
		Person: "Mara Holm", Mail: "mara@riverbank.example", SignOut: "/sign-out",
	}
}

var english text.Locale

// month is a chart of thirty days that looks like business: weekends dip, and
// it grows.
func month(title, unit string, size float64, one int64, show func(int64) string) part.Chart {
	c := part.Chart{ID: "chart", Title: title, Unit: unit, OneUnit: one, Axis: func(n int64) string {
		if one > 1 {
			return english.Int(n / one)
		}
		return english.Int(n)
	}, None: "Nothing has happened in this period yet."}
	now := part.Series{Name: "These 30 days"}
	before := part.Series{Name: "30 days before", Before: true}
	for i := range 30 {
		slot := part.Slot{Name: fmt.Sprintf("%d November 2026", i+1)}
		if i%5 == 0 || i == 29 {
			slot.Tick = fmt.Sprintf("%d Nov", i+1)
		}
		if i == 25 {
			slot.Tick = ""
		}
		c.Slots = append(c.Slots, slot)
		wave := 0.55 + 0.03*float64(i) + 0.22*math.Sin(float64(i)*0.9) - 0.3*float64(b2i(i%7 >= 5))
		v, w := int64(size*wave), int64(size*(0.5+0.012*float64(i)+0.18*math.Cos(float64(i)*0.8)-0.2*float64(b2i(i%7 >= 4))))
		now.Values, now.Texts = append(now.Values, v), append(now.Texts, show(v))
		before.Values, before.Texts = append(before.Values, w), append(before.Texts, show(w))
	}
	c.Series = []part.Series{now, before}
	return c
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func periods(base string) []part.Choice {
	return []part.Choice{{Name: "7 days", Href: base + "?period=7d"}, {Name: "30 days", Href: base + "?period=30d", Here: true}, {Name: "90 days", Href: base + "?period=90d"}, {Name: "12 months", Href: base + "?period=12m"}}
}

func euros(n int64) string { return english.Money(n, "EUR") }

var someAffiliates = []merchant.AffiliateRow{
	{ID: "aff_1", Name: "Jane Doe", Mail: "jane@janewrites.example", State: "active", Since: "4 Mar 2026", Clicks: "4,120", Customers: "61", Revenue: "6,840.00", Earned: "1,368.00"},
	{ID: "aff_2", Name: "Omar Haddad", Mail: "omar@growthtalk.example", State: "active", Since: "19 May 2026", Clicks: "2,877", Customers: "34", Revenue: "3,115.00", Earned: "623.00"},
	{ID: "aff_3", Name: "Studio Nordlicht GmbH", Mail: "partner-relations@studio-nordlicht.example", State: "applied", Since: "21 Nov 2026", Clicks: "0", Customers: "0", Revenue: "0.00", Earned: "0.00"},
	{ID: "aff_4", Name: "Chiamaka Okafor", Mail: "chi@okafor.example", State: "invited", Since: "20 Nov 2026", Clicks: "0", Customers: "0", Revenue: "0.00", Earned: "0.00"},
	{ID: "aff_5", Name: "Deal Finder", Mail: "hi@dealfinder.example", State: "suspended", Since: "2 Feb 2026", Clicks: "9,310", Customers: "12", Revenue: "348.00", Earned: "69.60"},
	{ID: "aff_6", Name: "Lena Fischer", Mail: "lena@podcast-lena.example", State: "active", Since: "1 Aug 2026", Clicks: "912", Customers: "9", Revenue: "1,044.00", Earned: "208.80"},
}

var someReferrals = []merchant.ReferralRow{
	{ID: "ref_1", Customer: "cus-20817", Mail: "linnea@fjordlab.example", Affiliate: "Jane Doe", By: "link and code", Plan: "starter", State: "standing", Life: "active", When: "23 Nov 2026, 14:02"},
	{ID: "ref_2", Customer: "cus-20811", Mail: "p.novak@novak-it.example", Affiliate: "Omar Haddad", By: "link", Plan: "pro", State: "standing", Life: "trial", When: "23 Nov 2026, 11:40"},
	{ID: "ref_3", Customer: "cus-20790", Mail: "sam@example.org", Affiliate: "", By: "link", Plan: "starter", State: "refused", Life: "signed_up", When: "22 Nov 2026, 19:15"},
	{ID: "ref_4", Customer: "cus-20776", Mail: "kim@kimdesign.example", Affiliate: "Jane Doe", By: "code", Plan: "pro", State: "standing", Life: "past_due", When: "22 Nov 2026, 08:33"},
	{ID: "ref_5", Customer: "cus-20402", Mail: "office@brightside.example", Affiliate: "Lena Fischer", By: "code", Plan: "starter", State: "lapsed", Life: "inactive", When: "3 Feb 2026, 10:00"},
}

func merchantPages() map[string]templ.Component {
	than := "against the 30 days before"
	measures := []part.Stat{
		{Label: "Revenue", Figure: "8,214.00", Unit: "EUR", Change: part.Change{Way: part.Up, Text: "+18.2 %", Than: than, Tint: part.Good}, Spark: wave(30, 2), Href: staffBase + "?measure=revenue", Here: true},
		{Label: "Commission", Figure: "1,642.80", Unit: "EUR", Change: part.Change{Way: part.Up, Text: "+17.9 %", Than: than}, Spark: wave(30, 3), Href: staffBase + "?measure=commission"},
		{Label: "Sign-ups", Figure: "94", Change: part.Change{Way: part.Down, Text: "−4.1 %", Than: than, Tint: part.Bad}, Spark: wave(30, 5), Href: staffBase + "?measure=signups"},
		{Label: "Clicks", Figure: "3,871", Change: part.Change{Way: part.Up, Text: "+6.0 %", Than: than, Tint: part.Good}, Spark: wave(30, 1), Href: staffBase + "?measure=clicks"},
	}
	overview := merchant.OverviewPage{
		Frame: staffFrame("Overview", merchant.Overview), Base: staffBase, Periods: periods(staffBase), Measure: measures,
		Chart: month("Revenue through affiliates", "EUR", 30000, 100, euros), Unit: "EUR",
		Tasks: []merchant.Task{
			{Text: "3 people have applied", About: "The oldest application is 2 days old.", Words: "Look at applications", Href: staffBase + "/affiliates?state=applied"},
			{Text: "1,240.00 EUR are payable to 12 affiliates", About: "The next run is due on 1 December 2026.", Words: "Draft a payout run", Href: staffBase + "/payouts/draft"},
			{Text: "2 commissions are in review", Words: "Review", Href: staffBase + "/commissions?state=in_review"},
		},
		Best: someAffiliates[:3], Latest: someReferrals[:4],
	}
	fresh := merchant.OverviewPage{
		Frame: staffFrame("Overview", merchant.Overview), Base: staffBase, Periods: periods(staffBase), Unit: "EUR",
		Measure: []part.Stat{{Label: "Revenue", Figure: "0.00", Unit: "EUR", Href: staffBase + "?measure=revenue", Here: true}, {Label: "Commission", Figure: "0.00", Unit: "EUR", Href: staffBase + "?measure=commission"}, {Label: "Sign-ups", Figure: "0", Href: staffBase + "?measure=signups"}, {Label: "Clicks", Figure: "0", Href: staffBase + "?measure=clicks"}},
		Chart:   month("Revenue through affiliates", "EUR", 0, 100, euros),
		Setup: []merchant.SetupStep{
			{Name: "Program created", Done: true},
			{Name: "Terms in force: 20 % of each payment, for life", Done: true},
			{Name: "First affiliate", About: "Share the application page, or invite somebody.", Words: "Invite an affiliate", Href: staffBase + "/affiliates/new"},
			{Name: "First click", About: "Open a link of an affiliate. Your own visits count too on the test side."},
			{Name: "First sign-up", About: "Your server reports it with one call.", Words: "Make an API key", Href: staffBase + "/keys"},
			{Name: "First payment", About: "Your server reports it with one call."},
		},
	}
	fresh.Frame.Side = part.Test
	fresh.Frame.Places = merchant.Places(staffBase, merchant.Overview, nil)
	list := merchant.AffiliatesPage{
		Frame: staffFrame("Affiliates", merchant.Affiliates), Base: staffBase, Unit: "EUR", Rows: someAffiliates,
		Tabs:  []part.Tab{{Name: "All", Count: "41", Href: staffBase + "/affiliates", Here: true}, {Name: "Applied", Count: "3", Href: staffBase + "/affiliates?state=applied"}, {Name: "Active", Count: "34", Href: staffBase + "/affiliates?state=active"}, {Name: "Suspended", Count: "1", Href: staffBase + "/affiliates?state=suspended"}},
		Pager: part.Pager{Shown: "1–6 of 41", Older: staffBase + "/affiliates?after=x"},
	}
	none := merchant.AffiliatesPage{Frame: staffFrame("Affiliates", merchant.Affiliates), Base: staffBase, Tabs: []part.Tab{{Name: "All", Count: "0", Href: staffBase + "/affiliates", Here: true}}, ApplyLink: "https://tributary.riverbank.example/join/riverbank"}
	return map[string]templ.Component{
		"merchant-overview":        merchant.OverviewView(overview),
		"merchant-overview-fresh":  merchant.OverviewView(fresh),
		"merchant-affiliates":      merchant.AffiliatesView(list),
		"merchant-affiliates-none": merchant.AffiliatesView(none),
		"merchant-affiliate":       merchant.AffiliateView(jane()),
		"merchant-affiliate-new":   merchant.AffiliateView(applicant()),
		"merchant-invite": merchant.InviteView(merchant.InvitePage{Frame: staffFrame("Invite", merchant.Affiliates), Base: staffBase,
			Name: part.Field{Name: "name", Label: "Name", Value: "Lena Fischer"},
			Mail: part.Field{Name: "email", Label: "E-mail", Type: "email", Value: "lena@podcast", Error: "This is no whole address. Write it like lena@example.org."}}),
		"merchant-referrals": merchant.ReferralsView(merchant.ReferralsPage{Frame: staffFrame("Referrals", merchant.Referrals), Base: staffBase, Rows: someReferrals,
			Tabs: []part.Tab{{Name: "All", Count: "312", Href: staffBase + "/referrals", Here: true}, {Name: "Standing", Count: "288", Href: staffBase + "/referrals?state=standing"}, {Name: "Refused", Count: "19", Href: staffBase + "/referrals?state=refused"}}}),
		"merchant-referral": merchant.ReferralView(aReferral()),
	}
}

func jane() merchant.AffiliatePage {
	return merchant.AffiliatePage{
		Frame: staffFrame("Jane Doe", merchant.Affiliates), Base: staffBase, ID: "aff_1", Name: "Jane Doe", State: "active", About: "Active since 4 March 2026", Suspend: true,
		HeldText: "Visitors are still sent on and codes still give their discount, but nothing counts. New commissions stay held; 212.40 EUR held and 82.50 EUR payable are not paid out until you reinstate.",
		Balances: []part.Stat{{Label: "Held", Figure: "212.40", Unit: "EUR"}, {Label: "Payable", Figure: "82.50", Unit: "EUR"}, {Label: "In payout", Figure: "0.00", Unit: "EUR"}, {Label: "Paid", Figure: "1,073.10", Unit: "EUR"}},
		Links: []merchant.Shared{
			{ID: "lnk_1", Value: "go.riverbank.example/jane", About: "riverbank.example", State: "active", Counts: "3,802 clicks"},
			{ID: "lnk_2", Value: "go.riverbank.example/jane-newsletter", About: "riverbank.example/pricing", State: "paused", Counts: "318 clicks"},
		},
		Coupons:   []merchant.Shared{{ID: "cpn_1", Value: "JANE10", About: "10 % off starter, first payment", State: "active", Counts: "22 used"}},
		Referrals: []merchant.ReferralRow{someReferrals[0], someReferrals[3]},
		Facts: []part.Fact{{Name: "E-mail", Value: part.Words("jane@janewrites.example")}, {Name: "Group", Value: part.Words("Everybody")}, {Name: "Terms", Value: part.Link("20 % for life, version 2", staffBase+"/settings/terms")},
			{Name: "Paid by", Value: part.Words("Bank transfer, DE•• 3000")}, {Name: "Agreement", Value: part.Words("Version 1, accepted 4 March 2026")}, {Name: "Id", Value: part.Code("aff_01jqz8w2x3e4r5t6y7u8i9p0a1")}},
		History: []part.Moment{
			{Verdict: part.Event, Title: "Approved", When: "4 Mar 2026, 15:20", Detail: "by Mara Holm"},
			{Verdict: part.Event, Title: "Applied", When: "4 Mar 2026, 11:02"},
		},
	}
}

func applicant() merchant.AffiliatePage {
	return merchant.AffiliatePage{
		Frame: staffFrame("Studio Nordlicht GmbH", merchant.Affiliates), Base: staffBase, ID: "aff_3", Name: "Studio Nordlicht GmbH", State: "applied", About: "Applied on 21 November 2026", Approve: true, Reject: true,
		Pitch:   "We run three newsletters about photography with about 18,000 readers, and give talks at camera shops. Most of our readers organise their pictures with your product already; we would like to show them the pro plan.",
		Facts:   []part.Fact{{Name: "E-mail", Value: part.Words("partner-relations@studio-nordlicht.example")}, {Name: "Website", Value: part.Link("studio-nordlicht.example", "https://studio-nordlicht.example")}, {Name: "On approval", Value: part.Words("Link go.riverbank.example/nordlicht, code NORDLICHT10")}},
		History: []part.Moment{{Verdict: part.Event, Title: "Applied", When: "21 Nov 2026, 09:12"}},
		Wrong:   merchant.Reject, Reason: part.Field{Error: "Say why, in a sentence that the applicant may read."},
	}
}

func aReferral() merchant.ReferralPage {
	return merchant.ReferralPage{
		Frame: staffFrame("cus-20817", merchant.Referrals), Base: staffBase, ID: "ref_1", Customer: "cus-20817", State: "standing", Unit: "EUR",
		Sentence: "JANE10 was typed at sign-up; it outranks Omar Haddad's link clicked 3 days earlier, because this program puts coupons first.",
		Policy:   "Coupon first, last touch, window 60 days. Policy version 2.",
		Evidence: []part.Moment{
			{Verdict: part.Lost, Title: "Link go.riverbank.example/lena", When: "11 Sep 2026, 20:14", Why: "The click is 73 days old, and a click counts for 60 days.", Detail: "clk_01jk4m5n6p7q8r9s0t1v2w3x4y"},
			{Verdict: part.Lost, Title: "Link go.riverbank.example/omar", When: "20 Nov 2026, 09:48", Why: "Valid, but a typed code outranks a link in this program.", Detail: "landed on /pricing, sub1 youtube"},
			{Verdict: part.Won, Title: "Code JANE10 of Jane Doe", When: "23 Nov 2026, 14:02", Why: "Typed at sign-up. 10 % off starter, first payment."},
		},
		Earlier: []merchant.Decision{{When: "23 Nov 2026, 14:01", Sentence: "Omar Haddad's link was clicked 3 days before the sign-up.", Because: "Decided again when the code came with the onboarding."}},
		Facts: []part.Fact{{Name: "Affiliate", Value: part.Link("Jane Doe", staffBase+"/affiliates/aff_1")}, {Name: "E-mail", Value: part.Words("linnea@fjordlab.example")}, {Name: "Plan", Value: part.Words("starter")},
			{Name: "Terms", Value: part.Words("20 % for life, version 2, kept")}, {Name: "Attribution", Value: part.Words("Closed by the first payment")}, {Name: "Id", Value: part.Code("ref_01jqz8w2x3e4r5t6y7u8i9p0a1")}},
		Life: []part.Moment{
			{Verdict: part.Event, Title: "Paid 90.00 EUR", When: "23 Nov 2026, 14:20"}, {Verdict: part.Event, Title: "Onboarded", When: "23 Nov 2026, 14:05"}, {Verdict: part.Event, Title: "Signed up", When: "23 Nov 2026, 14:02"},
		},
		Commissions: []merchant.CommissionRow{{ID: "com_1", Cause: "Payment pay-1042", Customer: "cus-20817", Affiliate: "Jane Doe", State: "held", Due: "until 23 Dec 2026", When: "23 Nov 2026", Base: "90.00", Amount: "18.00"}},
	}
}

func wave(n int, seed float64) []int64 {
	var out []int64
	for i := range n {
		out = append(out, int64(100+40*math.Sin(float64(i)/seed)+3*float64(i)))
	}
	return out
}
