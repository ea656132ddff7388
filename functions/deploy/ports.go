package main

import (
	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/s3archive"
	"waybill/internal/rest/deployapi"
	"waybill/internal/settings"
)

// ports are what the endpoints work with, on AWS.
func ports(aws account.Account, env settings.Settings) deployapi.Ports {
	tables := dynamostore.Tables(env.Tables())
	store := dynamostore.NewCatalog(aws.DynamoDB(), tables.Catalog)
	deployments := dynamostore.NewDeployments(aws.DynamoDB(), tables)
	return deployapi.Ports{
		Tokens:    store.Tokens(),
		Store:     store,
		Ledger:    deployments,
		History:   deployments,
		Snapshots: s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket)),
	}
}
