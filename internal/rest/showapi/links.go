package showapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/rest"
	"waybill/internal/wire"
)

const (
	// linkTime is how long a link is valid. It needs no token, so it is short.
	linkTime = 5 * time.Minute
	// maxLinks limits the links of one answer. On AWS each has about 1.7 KB, most of it the
	// session token of the function.
	maxLinks = 2000
)

// linksBody has links to the chunks of a log.
type linksBody struct {
	Links     []linkItem `json:"links"`
	ExpiresAt string     `json:"expires_at"`
	Next      *int       `json:"next"`
	Complete  bool       `json:"complete"`
}

type linkItem struct {
	Chunk int    `json:"chunk"`
	URL   string `json:"url"`
}

// logLinks answers with links to the chunks of a log, in order. The chunks are gzip
// members, so the concatenation of all is one gzip file.
func (a showAPI) logLinks(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := a.record(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	after, err := rest.Number(c.Query, "after", 0)
	if err != nil {
		return rest.Answer{}, err
	}
	chunks := record.Progress.Log.Chunks
	last := min(after+maxLinks, chunks)
	urls, err := a.Links.Links(ctx, record.ID.Book(), after+1, last, linkTime)
	if err != nil {
		return rest.Answer{}, err
	}
	reply := rest.Answer{Status: http.StatusOK, Header: map[string]string{}}
	if last < chunks {
		reply.Header["Link"] = nextLink(c.Query, strconv.Itoa(last))
	}
	if c.Query.Get("format") == "text" {
		reply.ContentType = rest.PlainType
		for _, one := range urls {
			reply.Text = append(reply.Text, one+"\n"...)
		}
		return reply, nil
	}
	body := linksBody{
		Links: []linkItem{}, ExpiresAt: wire.Timestamp(a.opts.RecordTime().Add(linkTime)),
		Complete: wire.LogComplete(record) && last >= chunks,
	}
	for i, one := range urls {
		body.Links = append(body.Links, linkItem{after + 1 + i, one})
	}
	if last < chunks {
		body.Next = &last
	}
	reply.Body = body
	return reply, nil
}

// nextLink returns the header Link that leads to the next page: the same request with
// another after (RFC 8288).
func nextLink(query url.Values, after string) string {
	next := url.Values{}
	for name, values := range query {
		next[name] = values
	}
	next.Set("after", after)
	return "<?" + strings.ReplaceAll(next.Encode(), ">", "%3E") + `>; rel="next"`
}
