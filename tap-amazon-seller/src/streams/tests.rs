//! The table of streams is whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::record::ROW_OCCURRENCE;

fn schema(stream: &Stream) -> Value {
    serde_json::from_str(stream.schema).unwrap()
}

fn property<'a>(schema: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(schema, |node, name| node["properties"].get(name))
}

#[test]
fn every_key_is_a_property_that_cannot_be_null() {
    for stream in STREAMS {
        let schema = schema(stream);
        for key in stream.keys {
            let declared = &schema["properties"][key]["type"];
            let expected = if *key == ROW_OCCURRENCE { "integer" } else { "string" };
            assert_eq!(declared, &json!(expected), "{}: {key}", stream.name);
        }
    }
}

#[test]
fn every_other_property_may_be_null_and_has_one_type() {
    for stream in STREAMS {
        for (name, property) in schema(stream)["properties"].as_object().unwrap() {
            if stream.keys.contains(&name.as_str()) {
                continue;
            }
            let types = property["type"].as_array().unwrap();
            assert_eq!((types.len(), &types[1]), (2, &json!("null")), "{}", stream.name);
        }
    }
}

#[test]
fn every_replication_key_is_a_date_or_a_time() {
    for stream in STREAMS {
        if let Some(key) = stream.replication_key {
            let format = schema(stream)["properties"][key]["format"].clone();
            assert!(format == json!("date") || format == json!("date-time"), "{format}");
        }
    }
}

#[test]
fn every_column_ends_in_a_property_of_its_schema() {
    for stream in STREAMS {
        let Source::Report { shape, .. } = &stream.source else { continue };
        let schema = schema(stream);
        for column in shape.columns() {
            assert!(
                property(&schema, column.property).is_some(),
                "{}: no property `{}`",
                stream.name,
                column.property
            );
        }
    }
}

#[test]
fn names_stand_once_and_streams_of_one_report_stand_together() {
    let names: BTreeSet<_> = STREAMS.iter().map(|stream| stream.name).collect();
    assert_eq!(names.len(), STREAMS.len());
    let mut reports: Vec<&Report> = STREAMS
        .iter()
        .filter_map(|stream| match &stream.source {
            Source::Report { report, .. } => Some(*report),
            _ => None,
        })
        .collect();
    reports.dedup();
    let types: BTreeSet<_> = reports.iter().map(|report| report.report_type).collect();
    assert_eq!(types.len(), reports.len());
}

#[test]
fn sales_by_sku_are_identified_by_the_sku() {
    let stream = Roster::table().find("sales_traffic_report").unwrap();
    assert_eq!(stream.keys_at(AsinGranularity::Sku), ["marketplace_id", "date", "sku"]);
    assert_eq!(stream.keys_at(AsinGranularity::Parent), stream.keys);
    let orders = Roster::table().find("orders").unwrap();
    assert_eq!(orders.keys_at(AsinGranularity::Sku), ["AmazonOrderId"]);
    assert!(Roster::table().find("Orders").is_none());
}
