package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

func describe(doc *huma.OpenAPI) {
	doc.Info.Description = "Few calls are enough to integrate: report each customer's sign-up with the visitor's cookie, token or code " +
		"(POST /v1/referrals), each payment (POST /v1/payments) and each refund (POST /v1/payments/{payment_id}/refunds). " +
		"All of them may be repeated: your own ids and the Idempotency-Key header make them once. " +
		"Money is a whole number of minor units beside a currency; times are RFC 3339."
	doc.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	doc.Servers = []*huma.Server{{URL: "/"}}
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"secretKey":      {Type: "http", Scheme: "bearer", Description: "A secret key (trb_sk_…), for your server only."},
		"publishableKey": {Type: "http", Scheme: "bearer", Description: "A publishable key (trb_pk_…), which may stand in a page: it may only quote coupons."},
	}
	for _, tag := range []struct{ name, about string }{
		{"Referrals", "Which affiliate brought a customer, on which evidence, and why."},
		{"Payments", "Money that you received or gave back."},
		{"Customers", "Your customers, by your own ids."},
		{"Coupons", "Codes of affiliates and what they give."},
		{"Links", "Tracking links of affiliates."},
		{"Affiliates", "Who promotes your program."},
		{"Commissions", "What affiliates earned, and how it was computed."},
		{"Payouts", "Runs, and what each affiliate gets."},
		{"Program", "Settings, policy, plans and terms."},
	} {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: tag.name, Description: tag.about})
	}
}

func serveDocument(doc *huma.OpenAPI) http.HandlerFunc {
	mayGrow(doc)
	content, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("openapi.json: %v", err)) // our own types
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(append(content, '\n'))
	}
}

// schemaName is the name of a type in the document: paymentView is Payment,
// a list of them PaymentList, the body of createPaymentIn CreatePaymentRequest.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if rest, ok := strings.CutPrefix(name, "List"); ok && rest != "" {
		name = strings.TrimSuffix(rest, "View") + "List"
	}
	if rest, ok := strings.CutSuffix(name, "InBody"); ok {
		return rest + "Request"
	}
	return strings.TrimSuffix(name, "View")
}

// mayGrow lets later versions add fields to answers: only what a caller sends
// must hold nothing that is not known.
func mayGrow(doc *huma.OpenAPI) {
	sent := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
			if op != nil && op.RequestBody != nil {
				reach(doc.Components.Schemas, op.RequestBody.Content["application/json"].Schema, sent)
			}
		}
	}
	for name, schema := range doc.Components.Schemas.Map() {
		if !sent[name] && schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil
		}
	}
}

// reach marks the named schemas that a schema is made of.
func reach(all huma.Registry, s *huma.Schema, marked map[string]bool) {
	if s == nil {
		return
	}
	if name := strings.TrimPrefix(s.Ref, "#/components/schemas/"); s.Ref != "" && !marked[name] {
		marked[name] = true
		reach(all, all.SchemaFromRef(s.Ref), marked)
	}
	reach(all, s.Items, marked)
	for _, p := range s.Properties {
		reach(all, p, marked)
	}
}
