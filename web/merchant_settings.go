package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/money"
	"tributary.example/program"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// settingsFields are the form's fields in their order.
var settingsFields = []string{
	"name", "site_url", "sites", "zone", "accent", "credit", "touch", "new_signups_only", "checkout_paths", "window_days", "via_name",
	"mode", "fallback_url", "lapse_after_days", "applications", "suggest_percent", "suggest_plans", "hold_days", "minimum",
}

func (s *Web) showSettings(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	return s.settingsPage(w, r, p, wrongs{})
}

func (s *Web) settingsPage(w http.ResponseWriter, r *http.Request, p staff, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "Settings", merchant.Settings)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	policy, err := program.PolicyAt(r.Context(), s.DB, p.Program.ID, s.DB.Now())
	if err != nil {
		return err
	}
	sites, err := program.Sites(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	plans, err := program.Plans(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	f, own := formOf(r, bad), hostOf(p.Program.SiteURL)
	sites = slices.DeleteFunc(sites, func(host string) bool { return host == own })
	page := merchant.SettingsPage{
		Frame: frame, Base: staffBase(p.Program), Change: access.Can(p.Role, access.ChangeSettings),
		Fixed: []part.Fact{
			{Name: "Currency", Value: part.Words(p.Program.Currency)}, {Name: "Link host", Value: part.Code(p.Program.LinkHost)},
			{Name: "Short name", Value: part.Code(p.Program.Slug)}, {Name: "Cookie", Value: part.Code(p.Program.CookieName())},
			{Name: "Side", Value: part.Words(capital(string(p.Program.Side)))}, {Name: "Id", Value: part.Code(string(p.Program.ID))},
		},
	}
	f.programFields(&page.Fields, p.Program, sites)
	f.creditFields(&page.Fields, p.Program, policy)
	f.applyFields(&page.Fields, p.Program, plans)
	return s.show(w, r, bad.status(), merchant.SettingsView(page))
}

// figure is a number in a field; zero is empty where it means never or none.
func figure(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (f form) programFields(to *merchant.ProgramFields, p program.Program, sites []string) {
	to.Name = f.field("name", "Name", part.Field{Value: p.Name, Help: "Your product's name; affiliates and their audiences read it."})
	to.Site = f.field("site_url", "Site", part.Field{Type: "url", Value: p.SiteURL, Help: "Links lead here unless they say otherwise."})
	to.Sites = f.field("sites", "Other sites", part.Field{Lines: 2, Code: true, Optional: true, Value: strings.Join(sites, "\n"), Help: "One host a line. Links may lead to these and to your site, and nowhere else."})
	to.Zone = f.field("zone", "Time zone", part.Field{Code: true, Value: p.Zone, Help: "Such as Europe/Vienna. Days and months are counted in it."})
	to.Accent = f.field("accent", "Colour", part.Field{Code: true, Optional: true, Hint: "#1f7a7a", Value: p.Accent, Help: "Of your affiliates' dashboard."})
	to.Hold = f.field("hold_days", "Hold", part.Field{Value: strconv.Itoa(p.HoldDays), After: "days", Mode: "numeric", Help: "From the payment's time, 0 to 180."})
	to.Minimum = f.field("minimum", "Minimum payout", part.Field{Value: money.Decimal(p.MinimumMinor, money.Currency(p.Currency)), After: p.Currency, Mode: "decimal"})
}

func (f form) creditFields(to *merchant.ProgramFields, p program.Program, policy program.Policy) {
	newOnly := ""
	if policy.NewSignupsOnly {
		newOnly = "yes"
	}
	to.Credit = f.field("credit", "When a link and a code disagree", part.Field{Value: string(policy.Credit), Options: []part.Option{
		{Value: string(program.CouponFirst), Name: "The code wins", About: "Typing a code is a deliberate act."},
		{Value: string(program.LinkFirst), Name: "The link wins", About: "The code keeps its discount."},
		{Value: string(program.CouponIfInvolved), Name: "The code wins if its owner also has a click", About: "Against another affiliate's link; alone it always wins."},
	}})
	to.Touch = f.field("touch", "Among several clicks", part.Field{Value: string(policy.Touch), Options: []part.Option{
		{Value: string(program.LastTouch), Name: "The last one wins"}, {Value: string(program.FirstTouch), Name: "The first one wins"},
	}})
	to.NewOnly = f.tick("new_signups_only", "Count new sign-ups only", part.Field{Value: newOnly, Optional: true, Help: "Who signed up before, without paying, is nobody's later click or code."})
	to.Checkout = f.field("checkout_paths", "Checkout pages", part.Field{Lines: 2, Code: true, Optional: true, Hint: "/checkout", Value: strings.Join(policy.CheckoutPaths, "\n"), Help: "One path a line. A click that lands there does not win over an older one: browser extensions click at the last moment."})
	to.Window = f.field("window_days", "A click counts for", part.Field{Value: strconv.Itoa(p.WindowDays), After: "days", Mode: "numeric"})
	to.Via = f.field("via_name", "Parameter in addresses", part.Field{Code: true, Value: p.ViaName, Help: "It carries the token to your site."})
	mode := modeField()
	mode.Value, mode.Help = string(p.Mode), ""
	to.Mode = f.field("mode", "How clicks are remembered", mode)
	to.Fallback = f.field("fallback_url", "Fallback page", part.Field{Type: "url", Optional: true, Value: p.FallbackURL, Help: "For paused and unknown links. Empty is a plain page of ours."})
	to.Lapse = f.field("lapse_after_days", "A claim lapses after", part.Field{Optional: true, Value: figure(p.LapseAfterDays), After: "days inactive", Mode: "numeric", Help: "Empty means never: the commission is for life."})
}

func (f form) applyFields(to *merchant.ProgramFields, p program.Program, plans []program.Plan) {
	to.Applications = f.field("applications", "Applications", part.Field{Value: string(p.Applications), Options: []part.Option{
		{Value: string(program.ApplyReview), Name: "You decide on each"},
		{Value: string(program.ApplyApprove), Name: "Everybody is approved at once"},
		{Value: string(program.ApplyClosed), Name: "Nobody can apply", About: "You can still invite."},
	}})
	to.Suggest = f.field("suggest_percent", "Their first code takes off", part.Field{Optional: true, Value: rateInput(program.Rate{PPM: p.SuggestPPM}), Mode: "decimal", Help: "Of the first payment, such as 10 %. Empty is no discount."})
	to.SuggestedPlans = f.ticks("suggest_plans", "On the plans", planOptions(plans, p.SuggestPlans), "None ticked is all plans.")
}

// tick completes a box to tick: not sent with the form means not ticked.
func (f form) tick(name, label string, p part.Field) part.Field {
	p = f.field(name, label, p)
	if _, sent := f.r.PostForm[name]; f.r.Method == http.MethodPost && !sent {
		p.Value = ""
	}
	return p
}

func (s *Web) saveSettings(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ChangeSettings)
	if err != nil {
		return err
	}
	in := inputOf(r, p.Program)
	settings, policy := in.settings(p.Program), in.policy()
	if err := in.faults.Check(settings.Check()); err != nil {
		return err
	}
	if err := in.faults.Check(policy.Check()); err != nil {
		return err
	}
	if err = in.err(); err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) error { return putSettings(r, tx, p.Program, settings, policy, in.lines("sites")) })
	}
	if bad, ok := wrongsOf(err, settingsFields...); ok {
		return s.settingsPage(w, r, p, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/settings", "settings-saved")
}

// putSettings writes what the form changed; a policy has a new version only
// when it says something else.
func putSettings(r *http.Request, tx *db.Tx, p program.Program, settings program.Settings, policy program.Policy, sites []string) error {
	if _, err := program.Update(r.Context(), tx, p.ID, settings); err != nil {
		return err
	}
	if err := program.PutSites(r.Context(), tx, p.ID, sites); err != nil {
		return err
	}
	before, err := program.PolicyAt(r.Context(), tx, p.ID, tx.Now())
	if err != nil || samePolicy(before, policy) {
		return err
	}
	_, err = program.SetPolicy(r.Context(), tx, p.ID, policy)
	return err
}

func samePolicy(a, b program.Policy) bool {
	return a.Credit == b.Credit && a.Touch == b.Touch && a.NewSignupsOnly == b.NewSignupsOnly && slices.Equal(a.CheckoutPaths, b.CheckoutPaths)
}

func (in *input) settings(p program.Program) program.Settings {
	s := p.Settings
	s.Name, s.SiteURL = in.text("name"), strings.TrimSuffix(in.text("site_url"), "/")
	s.Zone, s.Accent = in.text("zone"), strings.ToLower(in.text("accent"))
	s.Mode, s.ViaName, s.FallbackURL = program.Mode(in.text("mode")), in.text("via_name"), in.text("fallback_url")
	s.WindowDays, s.HoldDays, s.LapseAfterDays = in.number("window_days"), in.number("hold_days"), in.number("lapse_after_days")
	s.Applications, s.SuggestPlans = program.Applications(in.text("applications")), in.several("suggest_plans")
	s.SuggestPPM, s.MinimumMinor = 0, in.minor("minimum", money.Currency(p.Currency))
	if percent := in.text("suggest_percent"); percent != "" {
		ppm, err := program.ParsePercent(percent)
		if err != nil {
			in.fail("suggest_percent", err)
		}
		s.SuggestPPM = ppm
	}
	if s.SuggestPlans == nil {
		s.SuggestPlans = []string{}
	}
	return s
}

func (in *input) policy() program.Policy {
	return program.Policy{
		Credit: program.Credit(in.text("credit")), Touch: program.Touch(in.text("touch")),
		NewSignupsOnly: in.ticked("new_signups_only"), CheckoutPaths: in.lines("checkout_paths"),
	}
}
