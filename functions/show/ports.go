package main

import (
	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/s3archive"
	"waybill/internal/rest/showapi"
	"waybill/internal/settings"
)

// ports are what the endpoints work with, on AWS.
func ports(aws account.Account, env settings.Settings) showapi.Ports {
	tables := dynamostore.Tables(env.Tables())
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables.Catalog)
	archive := s3archive.Open(aws.Config(), env.Get(settings.LogBucket))
	return showapi.Ports{
		Tokens:    store.Tokens(),
		Store:     store,
		History:   dynamostore.NewDeployments(aws.DynamoDB(), tables),
		Archive:   archive,
		Snapshots: archive.Snapshots(),
	}
}
