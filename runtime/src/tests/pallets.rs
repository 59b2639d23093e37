//! Checks that the errors and events that `meganet_primitives::pallets` declares are those of the runtime's metadata.

use crate::{RuntimeError, RuntimeEvent};
use meganet_primitives::{
    AccountId,
    pallets::{EventShape, NamesError, PalletError, StorageError, names, storage},
};
use scale_info::{Field, MetaType, Type, TypeDef, TypeInfo, Variant};
use sp_runtime::AccountId32;

/// Errors or events in order: name, and names and types of the fields.
type Shape = Vec<(&'static str, Vec<(&'static str, MetaType)>)>;

/// Returns the errors or events of a pallet in the metadata, in the order of their indices.
fn of_runtime<T: TypeInfo + 'static>(pallet: &str) -> Shape {
    let all = variants(T::type_info());
    let pallet = all.into_iter().find(|variant| variant.name == pallet).unwrap();
    let mut inner = variants(pallet.fields[0].ty.type_info());
    inner.sort_by_key(|variant| variant.index);
    let indices: Vec<usize> = inner.iter().map(|variant| variant.index.into()).collect();
    assert_eq!(indices, (0..inner.len()).collect::<Vec<_>>(), "clients count the variants from 0");
    inner.into_iter().map(|variant| (variant.name, fields(&variant.fields))).collect()
}

fn variants(of: Type) -> Vec<Variant> {
    let TypeDef::Variant(def) = of.type_def else { panic!("{:?} is not an enum", of.path) };
    def.variants
}

/// Returns names and types of fields. Clients use plain bytes for accounts, with the same encoding.
fn fields(of: &[Field]) -> Vec<(&'static str, MetaType)> {
    let plain = |ty: MetaType| {
        if ty == MetaType::new::<AccountId32>() {
            MetaType::new::<AccountId>()
        } else if ty == MetaType::new::<Option<AccountId32>>() {
            MetaType::new::<Option<AccountId>>()
        } else {
            ty
        }
    };
    of.iter().map(|field| (field.name.unwrap(), plain(field.ty))).collect()
}

fn of_clients(events: &[EventShape]) -> Shape {
    let shape = |event: &EventShape| {
        let TypeDef::Composite(def) = (event.type_info)().type_def else { panic!("{} is not a struct", event.name) };
        (event.name, fields(&def.fields))
    };
    events.iter().map(shape).collect()
}

fn names<E: PalletError>() -> Vec<&'static str> {
    E::ALL.iter().map(|error| error.name()).collect()
}

#[test]
fn clients_know_every_error_of_our_pallets() {
    let of = |pallet| of_runtime::<RuntimeError>(pallet).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names::<StorageError>(), of(StorageError::PALLET));
    assert_eq!(names::<NamesError>(), of(NamesError::PALLET));
}

#[test]
fn clients_know_every_event_of_our_pallets_with_its_fields_in_order() {
    // Its parameters are a type of the pallet, which clients don't decode.
    let storage_events = of_runtime::<RuntimeEvent>("Storage");
    let read = storage_events.into_iter().filter(|(name, _)| *name != "ParamsSet").collect::<Vec<_>>();
    assert_eq!(of_clients(storage::EVENTS), read);
    assert_eq!(of_clients(names::EVENTS), of_runtime::<RuntimeEvent>("Names"));
}
