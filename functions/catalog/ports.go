package main

import (
	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/recipe"
	"waybill/internal/remote/sshrun"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/settings"
)

// ports are what the catalog's endpoints work with, on AWS.
func ports(aws account.Account, env settings.Settings, store *dynamostore.Catalog) catalogapi.Ports {
	dialer := sshrun.New(sshrun.Options{})
	return catalogapi.Ports{
		Tokens:    store.Tokens(),
		Store:     store,
		Vault:     parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Inspector: dialer,
		Ledger:    dynamostore.NewDeployments(aws.DynamoDB(), dynamostore.Tables(env.Tables())),
		Snapshots: s3archive.OpenSnapshots(aws.Config(), env.Get(settings.LogBucket)),
		Check:     recipe.Check,
		Warn:      recipe.Warnings,
		Inspect:   looker(dialer),
	}
}
