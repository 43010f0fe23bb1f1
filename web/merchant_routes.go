package web

func (s *Web) merchantRoutes() map[string]handler { return nil }
