//! One PATCH operation on a user's attributes (RFC 7644 section 3.5.2).

use serde_json::Value;

use crate::scim::ScimError;
use crate::scim::filter::Expr;
use crate::scim::json::Json;
use crate::scim::normalise::{self, Object, is_primary};
use crate::scim::patch::{Op, Operation, PatchRequest};
use crate::scim::schema::{Attribute, ENTERPRISE_URN};

/// The `active` that a PATCH leaves, if that is all it speaks of.
pub(super) fn active_alone(patch: &PatchRequest<'_>) -> Result<Option<bool>, ScimError> {
    let mut active = None;
    for operation in patch.operations() {
        let path = &operation.path.attr;
        let is_active = !path.extension && path.sub.is_none() && path.attribute.name == "active";
        let (true, Op::Add | Op::Replace, Some(value)) = (is_active, operation.op, operation.value) else {
            return Ok(None);
        };
        let Some(Value::Bool(value)) = normalise::value(path.attribute, value)? else { return Ok(None) };
        active = Some(value);
    }
    Ok(active)
}

/// Applies the operation. On an error the attributes are in no defined state: the caller has a copy.
pub(super) fn apply(attributes: &mut Object, operation: &Operation<'_>) -> Result<(), ScimError> {
    let path = operation.path.attr;
    if !path.extension {
        return apply_in(attributes, operation);
    }
    let slot = attributes.entry(ENTERPRISE_URN).or_insert_with(|| Object::new().into());
    if let Value::Object(extension) = slot {
        apply_in(extension, operation)?;
        if extension.is_empty() {
            attributes.shift_remove(ENTERPRISE_URN);
        }
    }
    Ok(())
}

fn apply_in(holder: &mut Object, operation: &Operation<'_>) -> Result<(), ScimError> {
    let path = operation.path.attr;
    if path.attribute.multi_valued {
        return apply_to_values(holder, operation);
    }
    match path.sub {
        None if path.attribute.is_complex() => merge(holder, path.attribute, operation),
        None => set(holder, path.attribute, operation.op, operation.value),
        Some(sub) => {
            let mut object = take_object(holder, path.attribute);
            set(&mut object, sub, operation.op, operation.value)?;
            put_object(holder, path.attribute, object);
            Ok(())
        }
    }
}

/// A simple attribute: set, or cleared by `remove` and by `null`.
fn set(
    holder: &mut Object,
    attribute: &'static Attribute,
    op: Op,
    value: Option<&Json<'_>>,
) -> Result<(), ScimError> {
    let value = match (op, value) {
        (Op::Add | Op::Replace, Some(value)) => normalise::value(attribute, value)?,
        _ => None,
    };
    if let Some(value) = value {
        holder.insert(attribute.name.to_owned(), value);
    } else if op != Op::Add {
        // Adding nothing changes nothing.
        holder.shift_remove(attribute.name);
    }
    Ok(())
}

/// A complex attribute: its named sub-attributes change, the others stay (RFC 7644 section 3.5.2.3).
fn merge(
    holder: &mut Object,
    attribute: &'static Attribute,
    operation: &Operation<'_>,
) -> Result<(), ScimError> {
    let raw = match operation.value {
        Some(Json::Object(raw)) if operation.op != Op::Remove => raw,
        value => return set(holder, attribute, operation.op, value),
    };
    let mut object = take_object(holder, attribute);
    for sub in attribute.sub_attributes().iter().filter(|sub| sub.writable()) {
        if let Some(value) = normalise::member(raw, sub.name)? {
            set(&mut object, sub, Op::Replace, Some(value))?;
        }
    }
    put_object(holder, attribute, object);
    Ok(())
}

fn take_object(holder: &mut Object, attribute: &Attribute) -> Object {
    match holder.get_mut(attribute.name) {
        Some(Value::Object(object)) => std::mem::take(object),
        _ => Object::new(),
    }
}

fn put_object(holder: &mut Object, attribute: &Attribute, object: Object) {
    if object.is_empty() {
        holder.shift_remove(attribute.name);
    } else {
        holder.insert(attribute.name.to_owned(), object.into());
    }
}

fn apply_to_values(holder: &mut Object, operation: &Operation<'_>) -> Result<(), ScimError> {
    let attribute = operation.path.attr.attribute;
    let mut values = Values { attribute, items: Vec::new(), touched: Vec::new() };
    if let Some(Value::Array(items)) = holder.get_mut(attribute.name) {
        values.items = std::mem::take(items);
    }
    values.change(operation)?;
    let items = values.finish()?;
    if items.is_empty() {
        holder.shift_remove(attribute.name);
    } else {
        holder.insert(attribute.name.to_owned(), items.into());
    }
    Ok(())
}

/// The values of a multi-valued attribute while an operation changes them.
struct Values {
    attribute: &'static Attribute,
    items: Vec<Value>,
    /// Which of them the operation wrote: a new `primary` beats the old one.
    touched: Vec<usize>,
}

impl Values {
    fn change(&mut self, operation: &Operation<'_>) -> Result<(), ScimError> {
        let Operation { op, ref path, value } = *operation;
        match (op, &path.filter, path.attr.sub) {
            (Op::Add, None, None) => self.add(value),
            (Op::Replace, None, None) => {
                self.items.clear();
                self.add(value)
            }
            (Op::Remove, None, None) => self.remove(value),
            (_, filter, sub) => self.change_selected(op, filter.as_ref(), sub, value),
        }
    }

    /// Adds the values that are not there yet (RFC 7644 section 3.5.2.1).
    fn add(&mut self, value: Option<&Json<'_>>) -> Result<(), ScimError> {
        let added = match value {
            Some(value) => normalise::value(self.attribute, value)?,
            None => None,
        };
        let Some(Value::Array(added)) = added else { return Ok(()) };
        for item in added {
            if !self.items.contains(&item) {
                self.touched.push(self.items.len());
                self.items.push(item);
            }
        }
        Ok(())
    }

    /// Removes all values, or those that agree with one of the given (as Entra writes it).
    fn remove(&mut self, value: Option<&Json<'_>>) -> Result<(), ScimError> {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            self.items.clear();
            return Ok(());
        };
        if let Some(Value::Array(unwanted)) = normalise::value(self.attribute, value)? {
            self.items.retain(|item| !unwanted.iter().any(|unwanted| agrees(item, unwanted)));
        }
        Ok(())
    }

    fn change_selected(
        &mut self,
        op: Op,
        filter: Option<&Expr>,
        sub: Option<&'static Attribute>,
        value: Option<&Json<'_>>,
    ) -> Result<(), ScimError> {
        let selected = |item: &Value| {
            filter.is_none_or(|filter| item.as_object().is_some_and(|object| filter.matches(object)))
        };
        let mut chosen: Vec<usize> =
            (0..self.items.len()).filter(|&index| selected(&self.items[index])).collect();
        if chosen.is_empty() {
            match op {
                // Already as asked for.
                Op::Remove => return Ok(()),
                Op::Replace if filter.is_some() => {
                    return Err(ScimError::no_target("The filter of an operation's path selects no value."));
                }
                Op::Add | Op::Replace => chosen.push(self.seed(filter)?),
            }
        }
        for &index in &chosen {
            self.items[index] = changed(self.attribute, &self.items[index], op, sub, value)?;
        }
        self.touched = chosen;
        Ok(())
    }

    /// A new value for which the filter holds: Entra adds `emails[type eq "work"].value` to users without one.
    fn seed(&mut self, filter: Option<&Expr>) -> Result<usize, ScimError> {
        let element = match filter {
            Some(filter) => filter.as_element().ok_or_else(|| {
                ScimError::no_target("The filter of an operation's path selects no value and describes none.")
            })?,
            None => Object::new(),
        };
        self.items.push(element.into());
        Ok(self.items.len() - 1)
    }

    /// The values, none of them empty and at most one of them primary.
    fn finish(mut self) -> Result<Vec<Value>, ScimError> {
        if self.items.iter().filter(|item| is_primary(item)).count() > 1 {
            let mut winners = self.touched.iter().filter(|&&index| is_primary(&self.items[index]));
            let winner = winners.next().copied();
            if winners.next().is_some() {
                return Err(ScimError::invalid_value("Only one value can be primary."));
            }
            for (index, item) in self.items.iter_mut().enumerate() {
                if Some(index) != winner && is_primary(item) {
                    item["primary"] = false.into();
                }
            }
        }
        self.items.retain(|item| item.as_object().is_none_or(|object| !object.is_empty()));
        Ok(self.items)
    }
}

/// One selected value after the operation; an empty object if it is removed.
fn changed(
    attribute: &'static Attribute,
    item: &Value,
    op: Op,
    sub: Option<&'static Attribute>,
    value: Option<&Json<'_>>,
) -> Result<Value, ScimError> {
    let mut object = item.as_object().cloned().unwrap_or_default();
    match (sub, op) {
        (Some(sub), _) => set(&mut object, sub, op, value)?,
        (None, Op::Remove) => object.clear(),
        (None, _) => {
            let new = match value {
                Some(value) => normalise::single(attribute, value)?,
                None => None,
            };
            if op == Op::Replace {
                object.clear();
            }
            if let Some(Value::Object(new)) = new {
                object.extend(new);
            }
        }
    }
    Ok(object.into())
}

/// Whether the value has everything that `wanted` names.
fn agrees(item: &Value, wanted: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(name, value)| item.get(name) == Some(value)))
}
