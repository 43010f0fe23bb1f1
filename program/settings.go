package program

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

const (
	maxWindowDays = 365
	maxHoldDays   = 180
	maxLapseDays  = 3650
)

var (
	slugForm   = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])$`)
	viaForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,19}$`)
	accentForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	hostForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
)

// stripped are parameter names that browsers or their lists remove from
// addresses; any name that ends in clid is too.
var stripped = map[string]bool{
	"click_id": true, "mc_eid": true, "srsltid": true, "wickedid": true, "twclid": true, "s_cid": true,
	"vero_id": true, "gbraid": true, "wbraid": true, "igshid": true, "ref_src": true, "irgwc": true,
}

// ParseSlug reads a program's short name: 3 to 40 of a-z, 0-9 and hyphens.
// Kinds: Invalid.
func ParseSlug(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if !slugForm.MatchString(s) || strings.HasSuffix(s, "-test") {
		return "", fault.New(fault.Invalid, "%s cannot be a program's short name.", s).Field("slug").
			Hint("Use 3 to 40 lower-case letters, digits and hyphens, not ending in -test.")
	}
	return s, nil
}

// ParseHost reads a host with an optional port, as a browser sends it. Kinds:
// Invalid.
func ParseHost(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > 253 || !hostForm.MatchString(s) || strings.Contains(s, "..") {
		return "", fault.New(fault.Invalid, "%s is not a host name.", s).Field("link_host").
			Hint("Write a name such as go.your-shop.com, without https:// and without a path.")
	}
	return s, nil
}

// Check refuses settings that could not be meant, all of them together. Kinds:
// Invalid.
func (s Settings) Check() error {
	var l fault.List
	if strings.TrimSpace(s.Name) == "" || len(s.Name) > 100 {
		l.Add(fault.New(fault.Invalid, "A program has a name of at most 100 characters.").Field("name"))
	}
	if _, err := siteHost(s.SiteURL); err != nil {
		_ = l.Check(err)
	}
	if s.FallbackURL != "" {
		if _, err := siteHost(s.FallbackURL); err != nil {
			l.Add(fault.New(fault.Invalid, "The fallback page is not a web address.").Field("fallback_url").Hint("Write a whole address such as https://your-shop.com/."))
		}
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
		l.Add(fault.New(fault.Invalid, "%s is not a time zone.", s.Zone).Field("zone").Hint("Use a name such as Europe/Vienna or UTC."))
	}
	if !viaForm.MatchString(s.ViaName) || strings.HasSuffix(s.ViaName, "clid") || stripped[s.ViaName] || strings.HasPrefix(s.ViaName, "utm_") {
		l.Add(fault.New(fault.Invalid, "%s cannot carry the token: browsers remove it, or it is not a plain name.", s.ViaName).Field("via_name").Hint("Use a short word of your own, such as via."))
	}
	l.Add(between(s.WindowDays, 1, maxWindowDays, "window_days", "The window is between %s and %s days."))
	l.Add(between(s.HoldDays, 0, maxHoldDays, "hold_days", "The hold is between %s and %s days."))
	l.Add(between(s.LapseAfterDays, 0, maxLapseDays, "lapse_after_days", "Lapsing is between %s (never) and %s days."))
	if s.MinimumMinor < 0 {
		l.Add(fault.New(fault.Invalid, "A payout's minimum is zero or more.").Field("minimum"))
	}
	if s.SuggestPPM < 0 || s.SuggestPPM > maxPPM {
		l.Add(fault.New(fault.Invalid, "The suggested discount lies between 0 and 100 percent.").Field("suggest_percent"))
	}
	if s.Accent != "" && !accentForm.MatchString(s.Accent) {
		l.Add(fault.New(fault.Invalid, "%s is not a colour.", s.Accent).Field("accent").Hint("Write six hexadecimal digits, such as #1f7a7a."))
	}
	s.checkWords(&l)
	return l.Err()
}

func (s Settings) checkWords(l *fault.List) {
	if s.Mode != ModeFull && s.Mode != ModeConsent && s.Mode != ModeCookieless {
		l.Add(fault.New(fault.Invalid, "%s is not a mode.", string(s.Mode)).Field("mode").Hint("Use full, consent or cookieless."))
	}
	if s.Binding != Keep && s.Binding != Follow {
		l.Add(fault.New(fault.Invalid, "%s is not a way to bind terms.", string(s.Binding)).Field("binding").Hint("Use keep or follow."))
	}
	if s.Applications != ApplyReview && s.Applications != ApplyApprove && s.Applications != ApplyClosed {
		l.Add(fault.New(fault.Invalid, "%s is not a way to take applications.", string(s.Applications)).Field("applications").Hint("Use review, approve or closed."))
	}
}

func between(n, low, high int, field, key string) *fault.Error {
	if n >= low && n <= high {
		return nil
	}
	return fault.New(fault.Invalid, key, low, high).Field(field)
}

// siteHost is the host, with port, of a site's address.
func siteHost(address string) (string, error) {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())) && u.User == nil {
		if host, err := ParseHost(u.Host); err == nil {
			return host, nil
		}
	}
	return "", fault.New(fault.Invalid, "%s is not the address of a site.", address).Field("site_url").
		Hint("Write a whole address such as https://your-shop.com.")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func checkCurrency(code string) *fault.Error {
	if currency.IsValid(code) {
		return nil
	}
	return fault.New(fault.Invalid, "%s is not a currency.", code).Field("currency").Hint("Use a code of ISO 4217 such as EUR, USD or JPY.")
}

// major is a number of major units in minor units.
func major(n int64, code string) int64 {
	digits, _ := currency.GetDigits(code)
	for range digits {
		n *= 10
	}
	return n
}

// Update changes a program's settings and tells the edge. Kinds: Invalid,
// NotFound.
func Update(ctx context.Context, tx *db.Tx, prog id.Program, s Settings) (Program, error) {
	before, err := Get(ctx, tx, prog)
	if err != nil {
		return before, err
	}
	if err := s.Check(); err != nil {
		return before, err
	}
	_, err = tx.Exec(ctx, `
		update programs set name = $2, site_url = $3, zone = $4, mode = $5, via_name = $6, window_days = $7, hold_days = $8,
			minimum_minor = $9, binding = $10, lapse_after_days = $11, applications = $12, fallback_url = $13,
			suggest_ppm = $14, suggest_plans = $15, accent = $16
		where program_id = $1`,
		prog, s.Name, s.SiteURL, s.Zone, s.Mode, s.ViaName, s.WindowDays, s.HoldDays,
		s.MinimumMinor, s.Binding, s.LapseAfterDays, s.Applications, s.FallbackURL, s.SuggestPPM, db.JSON(s.SuggestPlans), s.Accent)
	if err != nil {
		return before, fmt.Errorf("update program: %w", err)
	}
	if s.WindowDays != before.WindowDays {
		if err := putWindow(ctx, tx, prog, s.WindowDays); err != nil {
			return before, err
		}
	}
	host, err := siteHost(s.SiteURL)
	if err != nil {
		return before, err
	}
	if err := AddSite(ctx, tx, prog, host); err != nil {
		return before, err
	}
	after, err := Get(ctx, tx, prog)
	if err != nil {
		return before, err
	}
	err = audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "program.changed", Subject: string(prog), Before: before.Settings, After: s})
	if err != nil {
		return after, err
	}
	return after, outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: EventChanged, Version: 1, Subject: string(prog), Payload: Changed{Program: after}})
}

// putWindow notes that a window is in force from now on.
func putWindow(ctx context.Context, tx *db.Tx, prog id.Program, days int) error {
	_, err := tx.Exec(ctx, `insert into program_windows (program_id, at, window_days) values ($1, $2, $3)
		on conflict (program_id, at) do update set window_days = excluded.window_days`, prog, tx.Now(), days)
	if err != nil {
		return fmt.Errorf("note window: %w", err)
	}
	return nil
}

// WindowAt is the window, in days, that was in force at a time; before the
// program began, its first one.
func WindowAt(ctx context.Context, r db.Reader, prog id.Program, at time.Time) (int, error) {
	days, err := db.One(ctx, r, db.Scalar[int64], `select window_days from program_windows where program_id = $1
		order by case when at <= $2 then 0 else 1 end, case when at <= $2 then -at else at end limit 1`, prog, at)
	if err != nil {
		return 0, fmt.Errorf("window of program: %w", err)
	}
	return int(days), nil
}
