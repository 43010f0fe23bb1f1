package web_test

import (
	"github.com/a-h/templ"

	"tributary.example/web/affiliate"
	"tributary.example/web/part"
	"tributary.example/web/public"
)

const ownBase = "/a/riverbank"

func ownFrame(title string, here affiliate.Place) part.Frame {
	return part.Frame{
		Title: title, Program: "Riverbank", Places: affiliate.Places(ownBase, here), Person: "Jane Doe", Mail: "jane@janewrites.example", SignOut: "/sign-out",
	}
}

var ownCommissions = []affiliate.CommissionRow{
	{ID: "com_1", Cause: "Payment on starter", Customer: "l•••@fjordlab.example", State: "held", Due: "until 23 Dec 2026", When: "23 Nov 2026", Base: "90.00", Amount: "18.00"},
	{ID: "com_2", Cause: "Payment on pro", Customer: "k•••@kimdesign.example", State: "payable", When: "20 Oct 2026", Base: "290.00", Amount: "58.00"},
	{ID: "com_3", Cause: "Sign-up", Customer: "k•••@kimdesign.example", State: "paid", When: "2 Sep 2026", Base: "–", Amount: "3.00"},
	{ID: "com_4", Cause: "Payment on starter", Customer: "t•••@example.org", State: "reversed", When: "1 Sep 2026", Base: "0.00", Amount: "0.00"},
}

var (
	ownLink = part.CopyField{ID: "link", Label: "Your link", Value: "https://go.riverbank.example/jane"}
	ownCode = part.CopyField{ID: "code", Label: "Your code", Value: "JANE10"}
)

func shown(c part.CopyField) part.CopyField {
	c.Shown = true
	return c
}

// counted pairs figures with their words.
func counted(pairs ...string) []affiliate.Count {
	var list []affiliate.Count
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, affiliate.Count{Figure: pairs[i], Word: pairs[i+1]})
	}
	return list
}

func affiliatePages() map[string]templ.Component {
	than := "against the 30 days before"
	overview := affiliate.OverviewPage{
		Frame: ownFrame("Overview", affiliate.Overview), Base: ownBase, Unit: "EUR", Next: "Your next payout is about 82.50 EUR, on 1 December 2026.", Periods: periods(ownBase),
		Money: []part.Stat{{Label: "Payable", Figure: "82.50", Unit: "EUR", Note: "next payout 1 Dec 2026"}, {Label: "Held", Figure: "212.40", Unit: "EUR", Note: "payable within 30 days"}, {Label: "In payout", Figure: "0.00", Unit: "EUR", Note: "nothing on its way"}, {Label: "Paid", Figure: "1,073.10", Unit: "EUR", Note: "in 6 payouts"}},
		Link:  shown(ownLink), Code: shown(ownCode),
		Measure: []part.Stat{{Label: "Clicks", Figure: "1,204", Change: part.Change{Way: part.Up, Text: "+9.1 %", Than: than, Tint: part.Good}, Href: ownBase + "?measure=clicks", Here: true}, {Label: "Sign-ups", Figure: "38", Change: part.Change{Way: part.Same, Text: "0 %", Than: than}, Href: ownBase + "?measure=signups"}, {Label: "Customers", Figure: "21", Change: part.Change{Way: part.Up, Text: "+31.3 %", Than: than, Tint: part.Good}, Href: ownBase + "?measure=customers"}, {Label: "Revenue", Figure: "1,840.00", Unit: "EUR", Change: part.Change{Way: part.Down, Text: "−2.2 %", Than: than, Tint: part.Bad}, Href: ownBase + "?measure=revenue"}},
		Chart:   month("Clicks", "", 44, 1, english.Int),
		Funnel:  []part.FunnelStep{{Name: "Clicks", Count: 1204, Text: "1,204"}, {Name: "Sign-ups", Count: 38, Text: "38", Rate: "3.2 % of clicks"}, {Name: "Customers", Count: 21, Text: "21", Rate: "55.3 % of sign-ups"}},
		Latest:  ownCommissions[:3],
	}
	links := []affiliate.Link{
		{ID: "lnk_1", Name: "jane", URL: "https://go.riverbank.example/jane", Destination: "riverbank.example", State: "active", Default: true, Counts: counted("3,802", "clicks", "61", "sign-ups", "48", "customers", "1,092.00 EUR", "earned")},
		{ID: "lnk_2", Name: "jane-newsletter", URL: "https://go.riverbank.example/jane-newsletter", Destination: "riverbank.example/pricing", State: "paused", Counts: counted("318", "clicks", "4", "sign-ups", "2", "customers", "23.20 EUR", "earned"), Resume: true},
		{ID: "lnk_3", Name: "jane-youtube", URL: "https://go.riverbank.example/jane-youtube", Destination: "riverbank.example/tour", State: "active", Counts: counted("96", "clicks", "1", "sign-up", "0", "customers", "0.00 EUR", "earned"), Pause: true},
	}
	return map[string]templ.Component{
		"affiliate-overview": affiliate.OverviewView(overview),
		"affiliate-links": affiliate.LinksView(affiliate.LinksPage{Frame: ownFrame("Links", affiliate.Links), Base: ownBase, Links: links, Rules: "Whoever signs up within 60 days of a click is registered under you.", Period: "the last 12 months", May: true,
			Drops:       []affiliate.Drop{{Reason: "Link preview", Why: "A messenger or network fetched a preview of your link.", Hits: "214"}, {Reason: "Robot", Why: "A program that says so itself, such as a search engine.", Hits: "38"}},
			Slug:        part.Field{Name: "slug", Label: "Ending", Before: "go.riverbank.example/", Hint: "jane-podcast", Code: true, Help: "3 to 64 letters, digits, - or _."},
			Destination: part.Field{Name: "destination", Label: "Leads to", Type: "url", Optional: true, Hint: "https://riverbank.example/pricing", Help: "Empty means the program's start page."}}),
		"affiliate-coupons": affiliate.CouponsView(affiliate.CouponsPage{Frame: ownFrame("Coupons", affiliate.Coupons), Base: ownBase, Coupons: []affiliate.Coupon{
			{ID: "cpn_1", Code: "JANE10", Offer: "10 % off the first payment on starter", State: "active", Counts: counted("22", "used", "19", "customers", "253.80 EUR", "earned")},
			{ID: "cpn_2", Code: "JANESUMMER", Offer: "5.00 EUR off the first payment, any plan", Limits: "Ended on 31 August 2026. 40 of 100 were used.", State: "ended", Counts: counted("40", "used", "28", "customers", "161.60 EUR", "earned")},
		}}),
		"affiliate-coupons-none": affiliate.CouponsView(affiliate.CouponsPage{Frame: ownFrame("Coupons", affiliate.Coupons), Base: ownBase}),
		"affiliate-guide": affiliate.GuideView(affiliate.GuidePage{Frame: ownFrame("Link or coupon", affiliate.Guide), Base: ownBase, Link: ownLink, Code: ownCode, Discount: "10 % off starter, first payment", Tracks: "A click stores a first-party cookie, for 60 days.",
			Rate: "20 % of each payment, for life, while the customer is active", Both: "If one customer uses both, it is one referral and one commission, with both pieces recorded."}),
		"affiliate-referrals": affiliate.ReferralsView(affiliate.ReferralsPage{Frame: ownFrame("Referrals", affiliate.Referrals), Base: ownBase,
			Tabs: []part.Tab{{Name: "All", Count: "84", Href: ownBase + "/referrals", Here: true}, {Name: "Yours", Count: "81", Href: ownBase + "/referrals?state=won"}, {Name: "Lost", Count: "3", Href: ownBase + "/referrals?state=lost"}},
			Rows: []affiliate.ReferralRow{
				{ID: "ref_1", Customer: "l•••@fjordlab.example", By: "link and code", State: "standing", Life: "active", When: "23 Nov 2026", Sentence: "JANE10 was typed at sign-up, and your link was clicked 2 hours before."},
				{ID: "ref_2", Customer: "k•••@kimdesign.example", By: "code", State: "standing", Life: "past_due", When: "22 Nov 2026", Sentence: "JANE10 was typed at sign-up."},
				{ID: "ref_3", Customer: "n•••@example.org", By: "link", State: "lost", Life: "trial", When: "19 Nov 2026", Sentence: "Your link was clicked 3 days before the sign-up; another affiliate's code was typed, and this program puts coupons first."},
			}}),
		"affiliate-referral": affiliate.ReferralView(affiliate.ReferralPage{Frame: ownFrame("Referral", affiliate.Referrals), Base: ownBase, Customer: "n•••@example.org", State: "lost", Unit: "EUR",
			Sentence: "Your link was clicked 3 days before the sign-up; another affiliate's code was typed, and this program puts coupons first.",
			Evidence: []part.Moment{{Verdict: part.Lost, Title: "Your link go.riverbank.example/jane", When: "16 Nov 2026, 20:14", Why: "Valid, but a typed code outranks a link in this program."}, {Verdict: part.Won, Title: "Another affiliate's code", When: "19 Nov 2026, 08:02", Why: "Typed at sign-up."}},
			Facts:    []part.Fact{{Name: "Customer is", Value: part.Badge("trial")}, {Name: "Signed up", Value: part.Words("19 Nov 2026, 08:02")}}}),
	}
}

func affiliateMoney() map[string]templ.Component {
	return map[string]templ.Component{
		"affiliate-commissions": affiliate.CommissionsView(affiliate.CommissionsPage{Frame: ownFrame("Commissions", affiliate.Commissions), Base: ownBase, Unit: "EUR", Rows: ownCommissions,
			Tabs: []part.Tab{{Name: "All", Href: ownBase + "/commissions", Here: true}, {Name: "Held", Href: ownBase + "/commissions?state=held"}, {Name: "Payable", Href: ownBase + "/commissions?state=payable"}, {Name: "Paid", Href: ownBase + "/commissions?state=paid"}}}),
		"affiliate-commission": affiliate.CommissionView(affiliate.CommissionPage{Frame: ownFrame("Commission", affiliate.Commissions), Base: ownBase, Title: "15.00 EUR", State: "held", Sentence: "Held until 23 December 2026; then it becomes payable by itself.",
			Lines:   []part.Line{{Name: "Payment", Note: "pro, 1 month, without tax", Figure: "100.00 EUR"}, {Name: "Refunded", Figure: "−25.00 EUR"}, {Kind: part.LineStep, Name: "Base", Figure: "75.00 EUR"}, {Name: "Rate", Note: "your terms, version 2", Figure: "20 %"}, {Kind: part.LineSum, Name: "Commission", Figure: "15.00 EUR"}},
			Facts:   []part.Fact{{Name: "Customer", Value: part.Link("l•••@fjordlab.example", ownBase+"/referrals/ref_1")}, {Name: "Hold", Value: part.Words("30 days, to 23 Dec 2026")}},
			History: []part.Moment{{Verdict: part.Event, Title: "Refunded in part: −5.00 EUR", When: "23 Nov 2026, 16:41"}, {Verdict: part.Event, Title: "Earned 20.00 EUR", When: "23 Nov 2026, 14:20"}}}),
		"affiliate-payouts": affiliate.PayoutsView(affiliate.PayoutsPage{Frame: ownFrame("Payouts", affiliate.Payouts), Base: ownBase, Unit: "EUR", Why: "The next run would leave you out: 31.20 EUR are below the minimum of 50.00 EUR. They stay yours and stand in the run after it.",
			Next: part.Stat{Label: "Next payout", Figure: "82.50", Unit: "EUR", Note: "on 1 December 2026"}, Balance: []part.Stat{{Label: "Paid", Figure: "1,073.10", Unit: "EUR", Note: "in 6 payouts"}},
			Rows:   []affiliate.PayoutRow{{ID: "pot_2", Name: "October 2026", State: "settled", When: "2 Oct 2026", Ref: "2026-10-02/118", Amount: "182.40"}, {ID: "pot_1", Name: "September 2026", State: "settled", When: "2 Sep 2026", Amount: "99.00"}},
			Method: []part.Fact{{Name: "Paid by", Value: part.Words("Bank transfer")}, {Name: "Account", Value: part.Words("DE•• 3000")}}}),
		"affiliate-payout": affiliate.PayoutView(affiliate.PayoutPage{Frame: ownFrame("October 2026", affiliate.Payouts), Base: ownBase, Title: "October 2026", State: "settled", Sentence: "Paid on 2 October 2026 by bank transfer.", Unit: "EUR", Sum: "182.40",
			Facts: []part.Fact{{Name: "Paid by", Value: part.Words("Bank transfer, DE•• 3000")}, {Name: "Reference", Value: part.Words("2026-10-02/118")}},
			Lines: []affiliate.PayoutLine{{ID: "com_2", What: "Payment on pro", Customer: "k•••@kimdesign.example", When: "2 Sep 2026", Amount: "188.20"}, {ID: "com_4", What: "Reversal: refund", Customer: "t•••@example.org", When: "14 Sep 2026", Amount: "−5.80"}}}),
		"affiliate-details": affiliate.DetailsView(affiliate.DetailsPage{Frame: ownFrame("Payout details", affiliate.Payouts), Base: ownBase, Note: "Used from the next payout on that is approved.",
			Known:  []part.Fact{{Name: "Paid by", Value: part.Words("Bank transfer")}, {Name: "Account", Value: part.Words("DE89 … 3000")}},
			Rail:   part.Field{Name: "rail", Label: "How you want to be paid", Value: "bank", Options: []part.Option{{Value: "bank", Name: "Bank transfer", About: "To an account with an IBAN."}, {Value: "paypal", Name: "PayPal", About: "To the e-mail address you sign in with there."}, {Value: "manual", Name: "As agreed", About: "What you and the program agreed on, in words."}}},
			Holder: part.Field{Name: "holder", Label: "Account holder", Value: "Jane Doe", Auto: "name"}, Account: part.Field{Name: "account", Label: "Account", Code: true, Value: "DE89 3704 0044 0532 0130 0", Error: "That is not an IBAN: its check digits do not fit. Copy it from your bank statement; spaces do not matter."}}),
		"affiliate-waiting": affiliate.StateView(affiliate.StatePage{Frame: ownFrame("Your application is in", affiliate.Overview), Base: ownBase, Title: "Your application is in", State: "applied", Text: "Riverbank looks at it. You get an e-mail either way, and this page becomes your dashboard.",
			Steps: []part.Step{{Name: "Applied", Done: true}, {Name: "Approval", Here: true}, {Name: "Your link and code"}}}),
		"affiliate-invited": affiliate.StateView(affiliate.StatePage{Frame: ownFrame("Riverbank invites you", affiliate.Overview), Base: ownBase, Title: "Riverbank invites you", State: "invited", Accept: "Accept the invitation", Text: "Accept, and you get a link and a code of your own."}),
		"affiliate-suspended": affiliate.StateView(affiliate.StatePage{Frame: ownFrame("You are suspended", affiliate.Overview), Base: ownBase, Title: "You are suspended", State: "suspended", Reason: "Ads on our own name, which the agreement excludes.", Text: "Nothing new counts until Riverbank decides.",
			Money: []part.Stat{{Label: "Held", Figure: "212.40", Unit: "EUR"}, {Label: "Payable", Figure: "82.50", Unit: "EUR"}}}),
	}
}

func publicPages() map[string]templ.Component {
	mail := part.Field{Name: "email", Label: "E-mail", Type: "email", Auto: "username"}
	password := part.Field{Name: "password", Label: "Password", Type: "password", Auto: "current-password"}
	wrong := password
	wrong.Error = "E-mail and password do not match. Try again, or have a sign-in link mailed to you."
	known := mail
	known.Value = "mara@riverbank.example"
	chosen := password
	chosen.Auto, chosen.Help = "new-password", "12 characters or more."
	brand := part.Outer{Title: "Join", Program: "Riverbank", Width: part.Split, Home: "https://riverbank.example"}
	return map[string]templ.Component{
		"public-sign-in":       public.SignInView(public.SignInPage{Outer: part.Outer{Title: "Sign in"}, Mail: mail, Password: password, Links: true}),
		"public-sign-in-wrong": public.SignInView(public.SignInPage{Outer: part.Outer{Title: "Sign in"}, Mail: known, Password: wrong, Links: true}),
		"public-sent":          public.SentView(public.SentPage{Outer: part.Outer{Title: "Sign-in link"}, Mail: "mara@riverbank.example", Valid: "15 minutes"}),
		"public-enter":         public.EnterView(public.EnterPage{Outer: part.Outer{Title: "Join Riverbank"}, Title: "You are an affiliate of Riverbank", Text: "Choose a password, and your link and code are one page away.", Action: "/enter", Token: "x", Mail: "jane@janewrites.example", Words: "Go to my dashboard", Fields: []part.Field{chosen}}),
		"public-set-up": public.SetUpView(public.SetUpPage{Outer: part.Outer{Title: "Set up", Width: part.Wide}, Token: "x", Name: part.Field{Name: "name", Label: "Your name", Auto: "name"}, Mail: mail, Password: chosen,
			Program: part.Field{Name: "program", Label: "Program name", Value: "Riverbank", Help: "Your product's name; affiliates and their audiences read it."}, Slug: part.Field{Name: "slug", Label: "Short name", Value: "riverbank", Code: true, Help: "Used in addresses and in the cookie's name."},
			Site: part.Field{Name: "site", Label: "Your site", Type: "url", Hint: "https://riverbank.example"}, LinkHost: part.Field{Name: "link_host", Label: "Link host", Hint: "go.riverbank.example", Code: true, Help: "A host under your own domain that points to this server: then the cookie is first-party."},
			Currency: part.Field{Name: "currency", Label: "Currency", Value: "EUR", Options: []part.Option{{Value: "EUR", Name: "EUR, euro"}, {Value: "USD", Name: "USD, US dollar"}}}, Zone: part.Field{Name: "zone", Label: "Time zone", Value: "UTC", Options: []part.Option{{Value: "UTC", Name: "UTC"}}},
			Percent: part.Field{Name: "percent", Label: "Affiliates earn", Value: "20", After: "% of each payment, for life", Mode: "decimal"},
			Mode:    part.Field{Name: "mode", Label: "How clicks are remembered", Value: "full", Help: "Affiliate cookies need consent in the EU; codes need no storage.", Options: []part.Option{{Value: "full", Name: "Full", About: "The link sets a first-party cookie."}, {Value: "consent", Name: "After consent", About: "Nothing is stored until your page says that the visitor agreed."}, {Value: "cookieless", Name: "Without cookies", About: "The token travels in the address and in forms only."}}}}),
		"public-join": public.JoinView(public.JoinPage{Outer: brand, Slug: "riverbank", Program: "Riverbank", Headline: "Earn 20 % of every payment, for life", About: "Tell people about Riverbank with your own link and code. Whoever signs up is yours for as long as they stay.",
			Offer:     []public.Promise{{Icon: part.IconCommissions, Title: "20 % of each payment", Text: "25 % on pro. For life, while the customer is active."}, {Icon: part.IconLinks, Title: "A link and a code", Text: "The link counts for 60 days. The code gives 10 % off starter."}, {Icon: part.IconPayouts, Title: "Paid monthly", Text: "From 50.00 EUR, by bank transfer, on the first of the month."}, {Icon: part.IconReferrals, Title: "Every figure explained", Text: "You see each sign-up, and why it counted."}},
			Agreement: "1. You tell your audience that you earn a commission.\n2. You do not bid on our name.",
			Name:      part.Field{Name: "name", Label: "Name", Auto: "name"}, Mail: mail, Site: part.Field{Name: "site", Label: "Website or channel", Type: "url", Optional: true}, Pitch: part.Field{Name: "pitch", Label: "How will you promote us?", Lines: 3, Optional: true}, Agree: part.Field{Name: "agreement", Label: "I have read and accept the affiliate agreement"}}),
		"public-waiting": public.TellView(public.TellPage{Outer: part.Outer{Title: "Applied", Program: "Riverbank"}, Title: "Your application is in", Text: "Riverbank looks at it, usually within two days. You get an e-mail at jane@janewrites.example either way.", Steps: []part.Step{{Name: "Applied", Done: true}, {Name: "Approval", Here: true}, {Name: "Your link and code"}}, Words: "Back to Riverbank", Href: "https://riverbank.example"}),
		"public-error":   public.ErrorView(public.ErrorPage{Outer: part.Outer{Title: "Not found"}, Status: "404", Title: "There is nothing at this address", Text: "The page may have moved, or it belongs to a program that you cannot see.", Hint: "Go to your start page and look from there.", Words: "Go to the start page", Href: "/", Request: "req_01jqz8w2x3e4r5t6y7u8i9p0a1"}),
	}
}
