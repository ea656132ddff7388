package main

import (
	"waybill/internal/aws/account"
	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/parameters"
	"waybill/internal/aws/s3archive"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/remote/sshrun"
	"waybill/internal/runner"
	"waybill/internal/settings"
)

// ports are what a runner works with, on AWS.
func ports(aws account.Account, env settings.Settings, queue *sqsqueue.Queue) runner.Ports {
	deployments := dynamostore.NewDeployments(aws.DynamoDB(), dynamostore.Tables(env.Tables()))
	archive := s3archive.Open(aws.Config(), env.Get(settings.LogBucket))
	return runner.Ports{
		Store:     dynamostore.NewCatalog(aws.DynamoDB(), env.Get(settings.CatalogTable)),
		Vault:     parameters.Open(aws.Config(), env.Get(settings.SecretsPath)),
		Ledger:    deployments,
		History:   deployments,
		Archive:   archive,
		Snapshots: archive.Snapshots(),
		Dialer:    sshrun.New(sshrun.Options{}),
		Sender:    queue,
	}
}
