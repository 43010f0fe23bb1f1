package crawlers

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"
)

// edge stands for the beginning and the end of a user agent in a pattern's
// text; no user agent holds it.
const edge = "\x00"

// maxTexts is how many plain texts a pattern may stand for.
const maxTexts = 16

// expand turns a pattern into the plain texts that it stands for, or into the
// regular expression that it is when there are too many of them.
func expand(pattern string) ([]string, *regexp.Regexp, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	if texts, ok := texts(tree); ok && !slices.Contains(texts, "") {
		return texts, nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	if prefix, _ := re.LiteralPrefix(); prefix == "" {
		return nil, nil, fmt.Errorf("pattern %s begins with no plain text", pattern)
	}
	return nil, re, nil
}

// texts are the plain texts of an expression, or false when there are too many
// or it has no such form.
func texts(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpBeginText, syntax.OpEndText:
		return []string{edge}, true
	case syntax.OpCapture:
		return texts(re.Sub[0])
	case syntax.OpLiteral:
		return literal(re), true
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpConcat:
		return concat(re.Sub)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			some, ok := texts(sub)
			if !ok {
				return nil, false
			}
			all = append(all, some...)
		}
		return all, len(all) <= maxTexts
	default:
		return nil, false
	}
}

// literal are the ways to write a literal; its letters may stand for both
// cases.
func literal(re *syntax.Regexp) []string {
	all := []string{""}
	for _, r := range re.Rune {
		ways := []string{string(r)}
		if re.Flags&syntax.FoldCase != 0 && unicode.SimpleFold(r) != r {
			ways = []string{string(unicode.ToUpper(r)), string(unicode.ToLower(r))}
		}
		all = times(all, ways)
	}
	return all
}

func class(ranges []rune) ([]string, bool) {
	var all []string
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] >= maxTexts {
			return nil, false
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			all = append(all, string(r))
		}
	}
	return all, len(all) <= maxTexts
}

func concat(subs []*syntax.Regexp) ([]string, bool) {
	all := []string{""}
	for _, sub := range subs {
		some, ok := texts(sub)
		if !ok || len(all)*len(some) > maxTexts {
			return nil, false
		}
		all = times(all, some)
	}
	return all, true
}

func times(heads, tails []string) []string {
	var all []string
	for _, head := range heads {
		for _, tail := range tails {
			all = append(all, head+tail)
		}
	}
	return all
}
