package s3archive

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/logbook"
)

// Links presigns the requests that read the chunks. It asks S3 for nothing. The links end
// with the credentials of the function at the latest, which live for hours.
func (a *Archive) Links(ctx context.Context, book logbook.Book, first, last int,
	valid time.Duration) ([]string, error) {
	presigner := s3.NewPresignClient(a.client, s3.WithPresignExpires(valid))
	var links []string
	for number := first; number <= last; number++ {
		request, err := presigner.PresignGetObject(ctx,
			&s3.GetObjectInput{Bucket: &a.bucket, Key: key(book, number)})
		if err != nil {
			return nil, explained(err, "link to chunk %d of %s", number, book)
		}
		links = append(links, request.URL)
	}
	return links, nil
}
