//! DynamoDB's errors as ours.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::ConsumedCapacity,
};

use crate::store::StoreError;

pub(super) fn units(capacity: Option<&ConsumedCapacity>) -> f64 {
    capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default()
}

pub(super) fn of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    match error.code() {
        Some("ConditionalCheckFailedException") => StoreError::Condition(vec![0]),
        Some("TransactionConflictException" | "TransactionInProgressException") => StoreError::Conflict,
        Some("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => {
            StoreError::Throttled
        }
        // The message may hold a key, and a key may hold a name: only the code goes on.
        Some(code) => StoreError::Unavailable(code.to_owned()),
        None => StoreError::Unavailable(kind(error).to_owned()),
    }
}

pub(super) fn of_transaction<R>(error: &SdkError<TransactWriteItemsError, R>) -> StoreError {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error()
    else {
        return of(error);
    };
    let codes: Vec<_> = canceled.cancellation_reasons().iter().map(|r| r.code().unwrap_or("None")).collect();
    let refused: Vec<_> = codes
        .iter()
        .enumerate()
        .filter(|(_, code)| **code == "ConditionalCheckFailed")
        .map(|(i, _)| i)
        .collect();
    if !refused.is_empty() {
        StoreError::Condition(refused)
    } else if codes.iter().any(|c| matches!(*c, "ThrottlingError" | "ProvisionedThroughputExceeded")) {
        StoreError::Throttled
    } else if codes.iter().all(|c| matches!(*c, "None" | "TransactionConflict")) {
        StoreError::Conflict
    } else {
        StoreError::Unavailable(codes.join(","))
    }
}

fn kind<E, R>(error: &SdkError<E, R>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "request could not be built",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "answer could not be read",
        _ => "service error",
    }
}
