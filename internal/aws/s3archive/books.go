package s3archive

import (
	"context"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/logbook"
)

var _ logbook.Lister = (*Archive)(nil)

// logsPrefix begins the keys of all chunks.
const logsPrefix = "logs/"

// Books reads one page of the listing, and further ones until a book is whole. The keys of
// a book follow one another, so all books but the last of a page are whole.
func (a *Archive) Books(ctx context.Context, after logbook.Book) (books []logbook.Stored, next logbook.Book,
	err error) {
	input := &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: aws.String(logsPrefix)}
	if after != "" {
		// "0" is the character after "/", so this is after all keys of the book. It is
		// before the keys of any book whose name begins with this book's name.
		input.StartAfter = aws.String(strings.TrimSuffix(folder(after), "/") + "0")
	}
	pages := s3.NewListObjectsV2Paginator(a.client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, "", explained(err, "list the logs")
		}
		for _, object := range page.Contents {
			book := logbook.Book(strings.TrimPrefix(path.Dir(aws.ToString(object.Key)), logsPrefix))
			if len(books) == 0 || books[len(books)-1].Book != book {
				books = append(books, logbook.Stored{Book: book})
			}
			last := &books[len(books)-1]
			last.Objects++
			last.Bytes += aws.ToInt64(object.Size)
			if written := aws.ToTime(object.LastModified); written.After(last.Newest) {
				last.Newest = written
			}
		}
		if pages.HasMorePages() && len(books) > 1 {
			books = books[:len(books)-1]
			return books, books[len(books)-1].Book, nil
		}
	}
	return books, "", nil
}
