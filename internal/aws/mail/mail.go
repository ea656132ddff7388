// Package mail sends e-mails through SNS. Each notification by e-mail has a topic of its own
// with one subscription, which SNS asks the address to confirm.
package mail

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"waybill/internal/aws/outage"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/notify"
)

// Topics are the topics of the stack. It is safe for use by several goroutines.
type Topics struct {
	client *sns.Client
	// prefix is the beginning of their ARNs, and name of their names.
	prefix, name string
}

var _ notify.Mailer = (*Topics)(nil)

// Open returns the topics whose ARNs begin with the prefix, and makes a client for them.
func Open(config aws.Config, prefix string) *Topics {
	return &Topics{client: sns.NewFromConfig(config), prefix: prefix,
		name: prefix[strings.LastIndexByte(prefix, ':')+1:]}
}

func (t *Topics) arn(notification catalog.ID) *string {
	return aws.String(t.prefix + string(notification))
}

// Subscribe makes the topic of a notification and subscribes the address to it. SNS then sends a
// mail with a link to confirm. Repeats change nothing.
func (t *Topics) Subscribe(ctx context.Context, notification catalog.ID, address string) error {
	_, err := t.client.CreateTopic(ctx,
		&sns.CreateTopicInput{Name: aws.String(t.name + string(notification))})
	if err != nil {
		return explained(err, "make the topic of %s", notification)
	}
	_, err = t.client.Subscribe(ctx, &sns.SubscribeInput{TopicArn: t.arn(notification),
		Protocol: aws.String("email"), Endpoint: &address, ReturnSubscriptionArn: true})
	return explained(err, "subscribe to the topic of %s", notification)
}

// Unsubscribe deletes the topic with its subscriptions. Without a topic it does nothing.
func (t *Topics) Unsubscribe(ctx context.Context, notification catalog.ID) error {
	_, err := t.client.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: t.arn(notification)})
	if _, gone := errors.AsType[*types.NotFoundException](err); gone {
		return nil
	}
	return explained(err, "delete the topic of %s", notification)
}

// Confirmed reports whether the address has confirmed its subscription; until then, SNS lists it
// without an ARN. Without a topic it has not.
func (t *Topics) Confirmed(ctx context.Context, notification catalog.ID) (bool, error) {
	listed, err := t.client.ListSubscriptionsByTopic(ctx,
		&sns.ListSubscriptionsByTopicInput{TopicArn: t.arn(notification)})
	if _, gone := errors.AsType[*types.NotFoundException](err); gone {
		return false, nil
	}
	if err != nil {
		return false, explained(err, "list the subscriptions of %s", notification)
	}
	for _, subscription := range listed.Subscriptions {
		// A subscription that was removed is listed as "Deleted" for a while.
		if strings.HasPrefix(aws.ToString(subscription.SubscriptionArn), "arn:") {
			return true, nil
		}
	}
	return false, nil
}

// Mail publishes the mail to the topic of the notification. NotFound if there is no topic.
func (t *Topics) Mail(ctx context.Context, notification catalog.ID, mail notify.Mail) error {
	_, err := t.client.Publish(ctx, &sns.PublishInput{TopicArn: t.arn(notification),
		Subject: &mail.Subject, Message: &mail.Text})
	if _, gone := errors.AsType[*types.NotFoundException](err); gone {
		return fault.Wrap(err, fault.NotFound, "The topic of %s is gone.", notification)
	}
	return explained(err, "publish to the topic of %s", notification)
}

// explained classifies an error of SNS. It returns nil for nil.
func explained(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if outage.Is(err) {
		return fault.Wrap(err, fault.Unavailable,
			"SNS does not answer at present. Try again in a few seconds.")
	}
	return fault.Wrap(err, fault.Internal, format, args...)
}
