package web

func (s *Web) affiliateRoutes() map[string]handler { return nil }
