package web

import (
	"tributary.example/coupon"
	"tributary.example/link"
	"tributary.example/payout"
)

// merchantRoutes is every page and form of a program's staff.
func (s *Web) merchantRoutes() map[string]handler {
	const (
		base = "/p/{program}"
		aff  = base + "/affiliates/{affiliate}"
		lnk  = aff + "/links/{link}"
		cpn  = aff + "/coupons/{coupon}"
		run  = base + "/payouts/{run}"
		pot  = run + "/payouts/{payout}"
	)
	all := map[string]handler{
		"GET " + base:                                     s.showOverview,
		"GET " + base + "/affiliates":                     s.showAffiliates,
		"POST " + base + "/affiliates":                    s.invite,
		"GET " + base + "/affiliates/new":                 s.showInvite,
		"GET " + aff:                                      s.showAffiliate,
		"POST " + aff + "/approve":                        s.approveAffiliate,
		"GET " + aff + "/links/new":                       s.showNewLink,
		"POST " + aff + "/links":                          s.makeLink,
		"POST " + lnk + "/pause":                          s.linkAct(link.Paused),
		"POST " + lnk + "/resume":                         s.linkAct(link.Active),
		"POST " + lnk + "/retire":                         s.linkAct(link.Retired),
		"GET " + aff + "/coupons/new":                     s.showNewCoupon,
		"POST " + aff + "/coupons":                        s.makeCoupon,
		"POST " + cpn + "/pause":                          s.couponAct(coupon.Paused),
		"POST " + cpn + "/resume":                         s.couponAct(coupon.Active),
		"POST " + cpn + "/retire":                         s.couponAct(coupon.Retired),
		"GET " + base + "/referrals":                      s.showReferrals,
		"GET " + base + "/referrals/{referral}":           s.showReferral,
		"GET " + base + "/commissions":                    s.showCommissions,
		"GET " + base + "/commissions/{commission}":       s.showCommission,
		"GET " + base + "/payouts":                        s.showPayouts,
		"GET " + base + "/payouts/draft":                  s.showDraft,
		"POST " + base + "/payouts":                       s.approveRun,
		"GET " + run:                                      s.showRun,
		"GET " + run + "/payouts.csv":                     s.showFile,
		"POST " + run + "/sent":                           s.sendRun,
		"POST " + run + "/cancel":                         s.cancelRun,
		"POST " + run + "/settle":                         s.settleRun,
		"POST " + pot + "/settle":                         s.endPayout("settle", "reference", "payout-settled", payout.Settle),
		"POST " + pot + "/fail":                           s.endPayout("fail", "reason", "payout-failed", payout.Fail),
		"GET " + base + "/settings":                       s.showSettings,
		"POST " + base + "/settings":                      s.saveSettings,
		"GET " + base + "/settings/plans":                 s.showPlans,
		"POST " + base + "/settings/plans":                s.savePlan,
		"POST " + base + "/settings/plans/{plan}/archive": s.archivePlan,
		"GET " + base + "/settings/terms":                 s.showTerms,
		"POST " + base + "/settings/terms":                s.saveTerms,
		"GET " + base + "/keys":                           s.showKeys,
		"POST " + base + "/keys":                          s.makeKey,
		"POST " + base + "/keys/{key}/revoke":             s.revokeKey,
	}
	for _, act := range affiliateActs {
		all["POST "+aff+"/"+string(act.act)] = s.affiliateActOf(act)
	}
	return all
}
