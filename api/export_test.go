package api

import "github.com/danielgtaylor/huma/v2"

// Document is what openapi.json is made from, before answers may grow: for
// comparing answers with it.
func Document(env Env) *huma.OpenAPI {
	_, a := build(env)
	return a.huma.OpenAPI()
}
