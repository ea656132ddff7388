package listapi

import (
	"context"
	"net/http"

	"waybill/internal/openapi/document"
	"waybill/internal/rest"
)

// getDocument answers the OpenAPI document.
func (a listAPI) getDocument(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.Answer{Status: http.StatusOK, Text: document.JSON, ContentType: rest.JSONType}, nil
}

// getDocs answers the page that shows the document.
func (a listAPI) getDocs(context.Context, *rest.Call) (rest.Answer, error) {
	return rest.Answer{
		Status: http.StatusOK, Text: document.Page, ContentType: rest.HTMLType,
		Header: map[string]string{
			"Content-Security-Policy": document.PagePolicy(), "Referrer-Policy": "no-referrer",
		},
	}, nil
}
